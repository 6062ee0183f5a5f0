"""Build the site in both languages, side by side, and refuse any warning.

    python docs/build.py [OUT]      # by default build/site; open OUT/index.html

Nothing is fetched: the pages hold their own scripts and styles.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
LANGUAGES = {"zh": "zh_CN", "en": "en"}
START = """<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<title>simulate</title>
<script>
location.replace((navigator.language || "").toLowerCase().startsWith("zh") ? "zh/index.html" : "en/index.html");
</script>
<p><a href="zh/index.html">中文</a> · <a href="en/index.html" lang="en">English</a></p>
</html>
"""


def main(arguments: Sequence[str] = ()) -> int:
    """Build both languages at once; the exit code is 1 when either said anything is wrong."""
    out = Path(arguments[0]) if arguments else HERE.parent / "build" / "site"
    builds = [
        subprocess.Popen(
            [
                *(
                    sys.executable,
                    "-m",
                    "sphinx",
                    "-b",
                    "html",
                    "-q",
                    "-E",
                    "-a",
                    "-W",
                    "--keep-going",
                    "-n",
                ),
                *("-D", f"language={language}", "-d", str(out / ".doctrees" / folder)),
                *(str(HERE), str(out / folder)),
            ]
        )
        for folder, language in LANGUAGES.items()
    ]
    failed = [build.wait() for build in builds]
    if any(failed):
        return 1
    (out / "index.html").write_text(START, encoding="utf-8")
    print(f"{out / 'index.html'}: built 已生成")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
