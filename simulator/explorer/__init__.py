"""Live ensembles for the browser: a page on this machine that asks experiments and shows what they answer.

`site` is the web application, `server` binds and runs it. A question from the page states everything that it wants to
see; `ensembles` simulates the members in background threads, paired draw by draw, and `answering` words the answer.
"""
