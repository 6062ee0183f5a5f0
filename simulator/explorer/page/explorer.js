// The page: it keeps what is wanted, asks for it, and draws what is answered. Every number is the server's.

const told = JSON.parse(document.getElementById("catalogue").textContent);
const token = document.querySelector('meta[name="token"]').content;
const asker = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
const entries = new Map(told.entries.map((entry) => [entry.id, entry]));
const conditions = new Map(told.layers.map((layer) => [layer.id, layer]));
const levers = new Map(told.levers.map((lever) => [lever.key, lever]));
const ORDER = ["fund", "firm_attraction", "application_scenario", "fiscal_special_fund", "talent", "rd_programme"];
const OPEN = 3; // groups of levers that are open at first
const PACE = 90; // milliseconds between two questions while a slider is dragged
const FULL = told.stages.at(-1);
const VIEWS = ["table", "matters", "sources", "ledger"];
const at = (id) => document.getElementById(id);

const state = {
  entry: told.home,
  doses: {},
  aims: {},
  layers: [],
  layersBoth: false,
  against: told.home,
  beside: [],
  metric: "core_revenue",
  view: "table",
  lang: told.lang || (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en"),
  mode: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
  more: false,
  variants: 0,
};
const rows = new Map(); // the elements of each lever, by key
let move = 0;
let pending = null; // aborts the question that is out
let timer = 0;
let lastAsked = 0;
let picture = null;
let ready = false; // the words are there

// What a tab keeps over a reload; another tab has its own.
function keep() {
  sessionStorage.setItem("explorer", JSON.stringify(state));
}

function recall() {
  try {
    const kept = JSON.parse(sessionStorage.getItem("explorer") ?? "{}");
    for (const key of Object.keys(state)) if (typeof kept[key] === typeof state[key]) state[key] = kept[key];
  } catch {
    sessionStorage.removeItem("explorer");
  }
  if (!entries.has(state.entry)) Object.assign(state, { entry: told.home, doses: {}, aims: {}, layers: [] });
  state.layers = state.layers.filter((id) => conditions.has(id));
  if (state.against !== "" && !entries.has(state.against)) state.against = told.home;
  state.beside = state.beside.filter((item) => entries.has(item.entry));
}

// Words and small elements

function say(key, values = {}) {
  return told.words[state.lang][key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

function both(name) {
  return name[state.lang];
}

function make(tag, attributes = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") element.className = value;
    else if (key === "on") for (const [kind, does] of Object.entries(value)) element.addEventListener(kind, does);
    else if (key in element && typeof value === "boolean") element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...inside.filter((item) => item !== null && item !== ""));
  return element;
}

function alert(text) {
  at("alert").textContent = text;
}

// Doses: a number, or {years: {2025: 1}, linear: false}

function entryDose(key, id = state.entry, layers = state.layers) {
  const laid = layers.map((layer) => conditions.get(layer).doses[key]).findLast((found) => found !== undefined);
  return laid ?? entries.get(id)?.doses[key] ?? 0;
}

function overAgainst() {
  return state.layersBoth ? state.layers : [];
}

// What a lever acts on: ids of chains and of districts

function entryAim(key) {
  const every = { chains: told.chains.map((item) => item.id), districts: told.districts.map((item) => item.id) };
  return { ...every, ...entries.get(state.entry).aims[key] };
}

function aim(key) {
  return { ...entryAim(key), ...state.aims[key] };
}

function setAim(key, what, ids) {
  const found = { ...state.aims[key] };
  delete found[what];
  if (ids.length && !same([...ids].sort(), [...entryAim(key)[what]].sort())) found[what] = ids;
  if (Object.keys(found).length) state.aims[key] = found;
  else delete state.aims[key];
  showLever(key);
  showHead();
  soon();
}

function moved() {
  return Object.keys(state.doses).length + Object.keys(state.aims).length + state.layers.length > 0;
}

function dose(key) {
  return state.doses[key] ?? entryDose(key);
}

function mean(lever, found) {
  if (typeof found === "number") return found;
  const values = told.years.map((year) => inYear(found, year));
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function inYear(found, year) {
  if (typeof found === "number") return found;
  const named = Object.keys(found.years).map(Number).sort();
  const before = named.filter((item) => item <= year).at(-1);
  const after = named.find((item) => item > year);
  if (before === undefined) return 0;
  if (!found.linear || after === undefined || before === year) return found.years[before];
  return found.years[before] + ((year - before) / (after - before)) * (found.years[after] - found.years[before]);
}

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

function setDose(key, wanted) {
  if (same(wanted, entryDose(key))) delete state.doses[key];
  else state.doses[key] = wanted;
  showLever(key);
  showHead();
  soon();
}

// Levers

function nice(span) {
  const power = 10 ** Math.floor(Math.log10(span / 100));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => span / step <= 110);
}

function shownNumber(value) {
  return String(Number(value.toPrecision(6)));
}

function buildLevers() {
  const kinds = [...new Set(told.levers.map((lever) => lever.kind))];
  const place = (kind) => (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.length);
  kinds.sort((one, other) => place(one) - place(other));
  const open = new Map([...document.querySelectorAll(".group")].map((group) => [group.dataset.kind, group.open]));
  rows.clear();
  at("groups").replaceChildren(
    ...kinds.map((kind, position) => {
      const own = told.levers.filter((lever) => lever.kind === kind);
      const count = make("span", {}, String(own.length));
      const title = make("summary", {}, both(told.kinds[kind]), count);
      const group = make("details", { class: "group", "data-kind": kind }, title, ...own.map(buildLever));
      group.open = open.get(kind) ?? position < OPEN;
      return group;
    }),
  );
  for (const key of levers.keys()) showLever(key);
  filter();
}

function buildLever(lever) {
  const saved = entries.get(state.entry).saved;
  const name = both(lever.name);
  const id = `lever-${lever.key}`;
  const step = nice(lever.high - lever.low);
  const slider = make("input", {
    type: "range",
    id,
    min: lever.low,
    max: lever.high,
    step: "any",
    disabled: saved,
    on: {
      input: () => setDose(lever.key, Number((Math.round(slider.value / step) * step).toPrecision(12))),
      keydown: (event) => {
        const ways = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };
        if (!(event.key in ways)) return;
        event.preventDefault();
        const next = (Math.round(mean(lever, dose(lever.key)) / step) + ways[event.key]) * step;
        setDose(lever.key, Number(Math.min(lever.high, Math.max(lever.low, next)).toPrecision(12)));
      },
    },
  });
  const field = make("input", {
    type: "number",
    min: lever.low,
    max: lever.high,
    step: "any",
    disabled: saved,
    "aria-label": say("value_of", { name, unit: unitText(lever.unit) }),
    on: {
      change: () => {
        const value = field.valueAsNumber;
        if (Number.isFinite(value)) setDose(lever.key, Math.min(lever.high, Math.max(lever.low, value)));
        else showLever(lever.key);
      },
    },
  });
  const tick = make("i", { class: "tick", title: say("compared_value") });
  // Years, aims and clause are made when they are first opened: forty levers of them would be most of the page.
  const more = make(
    "details",
    { class: "lever-more", on: { toggle: () => more.open && openLever(lever, more) } },
    make("summary", { "aria-label": say("about_of", { name }) }, say("by_year"), " · ", say("aimed"), " · ", say("clause")),
  );
  const element = make(
    "div",
    { class: "lever", "data-key": lever.key },
    make("label", { class: "title", for: id }, name),
    make("div", { class: "lever-control" }, make("div", { class: "slide" }, slider, tick), field, make("span", { class: "unit" }, unitText(lever.unit))),
    more,
  );
  rows.set(lever.key, { element, slider, field, tick });
  return element;
}

function openLever(lever, place) {
  const row = rows.get(lever.key);
  if (row.years) return;
  const saved = entries.get(state.entry).saved;
  const name = both(lever.name);
  row.years = told.years.map((year) => {
    const input = make("input", {
      type: "number",
      min: lever.low,
      max: lever.high,
      step: "any",
      disabled: saved,
      on: { change: () => setYears(lever) },
    });
    return { year, input };
  });
  row.linear = make("input", { type: "checkbox", disabled: saved, on: { change: () => setYears(lever) } });
  row.back = make("button", {
    type: "button",
    class: "plain",
    on: { click: () => setDose(lever.key, Number(mean(lever, dose(lever.key)).toPrecision(12))) },
  }, say("constant"));
  place.append(
    make(
      "fieldset",
      { class: "years" },
      make("legend", {}, say("by_year_of", { name })),
      ...row.years.map(({ year, input }) => make("label", {}, String(year), input)),
      make("label", { class: "check" }, row.linear, say("linear")),
      row.back,
    ),
  );
  row.aims = new Map();
  if (lever.moves.length) place.append(buildAim(lever, "chains", saved), buildAim(lever, "districts", saved));
  place.append(facts(lever));
  showLever(lever.key);
}

function buildAim(lever, what, saved) {
  const boxes = told[what].map((item) => {
    const box = make("input", {
      type: "checkbox",
      value: item.id,
      disabled: saved,
      on: { change: () => setAim(lever.key, what, boxes.filter((other) => other.checked).map((other) => other.value)) },
    });
    return box;
  });
  const title = make("summary", {});
  const back = make("button", { type: "button", class: "plain", on: { click: () => setAim(lever.key, what, []) } }, say("aim_back"));
  const labels = boxes.map((box, i) => make("label", { class: "check" }, box, both(told[what][i].name)));
  rows.get(lever.key).aims.set(what, { title, boxes, back });
  return make("details", { class: "aim", "data-what": what }, title, make("div", { class: "aim-list" }, ...labels), back);
}

function unitText(unit) {
  return both(told.units[unit]);
}

function facts(lever) {
  const line = (key, text) => [make("dt", {}, say(key)), make("dd", {}, text)];
  const moves = lever.moves.map(both).join(state.lang === "zh" ? "、" : ", ") || say("moves_nothing");
  return make(
    "dl",
    { class: "facts" },
    ...line("clause", both(lever.clause)),
    ...line("bounds", `${shownNumber(lever.low)} – ${shownNumber(lever.high)} ${unitText(lever.unit)}`),
    ...line("grade", `${both(told.grades[lever.grade])} · ${lever.sources.join(", ")}`),
    ...line("moves", moves),
    ...line("reason", both(lever.reasoning)),
  );
}

function setYears(lever) {
  const { years, linear } = rows.get(lever.key);
  const found = {};
  for (const { year, input } of years) {
    const value = Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : 0;
    found[year] = Math.min(lever.high, Math.max(lever.low, value));
  }
  setDose(lever.key, { years: found, linear: linear.checked });
}

function showLever(key) {
  const lever = levers.get(key);
  const row = rows.get(key);
  if (!row) return;
  const found = dose(key);
  const value = mean(lever, found);
  const share = (number) => (number - lever.low) / (lever.high - lever.low);
  row.slider.value = value;
  row.slider.setAttribute("aria-valuetext", `${shownNumber(value)} ${unitText(lever.unit)}`);
  row.slider.style.setProperty("--filled", `${100 * share(value)}%`);
  row.field.value = shownNumber(value);
  row.element.classList.toggle("moved", key in state.doses || key in state.aims);
  row.tick.hidden = state.against === "";
  if (state.against !== "") {
    row.tick.style.left = `calc(8px + (100% - 16px) * ${share(mean(lever, entryDose(key, state.against, overAgainst())))})`;
  }
  if (!row.years) return;
  for (const { year, input } of row.years) input.value = shownNumber(inYear(found, year));
  row.linear.checked = typeof found !== "number" && found.linear;
  row.back.hidden = typeof found === "number";
  for (const [what, { title, boxes, back }] of row.aims) {
    const chosen = aim(key)[what];
    for (const box of boxes) box.checked = chosen.includes(box.value);
    title.textContent = say(`${what}_of`, { count: chosen.length, total: boxes.length });
    back.hidden = state.aims[key]?.[what] === undefined;
  }
}

function filter() {
  const words = at("find").value.trim().toLowerCase();
  let any = false;
  for (const group of document.querySelectorAll(".group")) {
    let found = 0;
    for (const element of group.querySelectorAll(".lever")) {
      const lever = levers.get(element.dataset.key);
      const text = `${lever.name.zh} ${lever.name.en} ${lever.key}`.toLowerCase();
      element.hidden = words !== "" && !text.includes(words);
      found += !element.hidden;
    }
    group.hidden = found === 0;
    if (words !== "" && found > 0) group.open = true;
    any ||= found > 0;
  }
  at("none").hidden = any;
}

// The head of the page

function showHead() {
  const { saved } = entries.get(state.entry);
  at("custom").hidden = !moved();
  at("reset").disabled = !moved();
  at("read-only").hidden = !saved;
  at("save").disabled = saved;
  at("conditions").hidden = saved || conditions.size === 0;
  const count = state.layers.length;
  at("conditions-title").textContent = say(count ? "conditions_some" : "conditions_none", { count });
  at("layers-both").checked = state.layersBoth;
  at("layers-both").disabled = state.against === "";
}

function showLayers() {
  at("layers").replaceChildren(
    ...told.layers.map((layer) => {
      const box = make("input", {
        type: "checkbox",
        value: layer.id,
        on: {
          change: () => {
            // In the order in which they were put on: the later lies above.
            state.layers = state.layers.filter((id) => id !== layer.id);
            if (box.checked) state.layers.push(layer.id);
            else if (!state.layers.length) state.layersBoth = false;
            redo();
          },
        },
      });
      box.checked = state.layers.includes(layer.id);
      return make("label", { class: "check", title: layer.id }, box, both(layer.name));
    }),
  );
}

// What is laid over a scenario may move its levers; boxes and fields stay as they are, so that the focus does too.
function redo() {
  for (const key of levers.keys()) showLever(key);
  showHead();
  soon();
}

function showChoices() {
  const option = (entry) => {
    const saved = entry.saved ? ` (${say("saved_run")})` : "";
    return make("option", { value: entry.id, title: entry.id }, both(entry.name) + saved);
  };
  const all = [...entries.values()];
  at("entry").replaceChildren(...all.map(option));
  at("entry").value = state.entry;
  at("against").replaceChildren(make("option", { value: "" }, say("nothing")), ...all.map(option));
  at("against").value = state.against;
  at("metric").replaceChildren(...told.metrics.map((item) => make("option", { value: item.key }, both(item.name))));
  at("metric").value = state.metric;
}

function showWords() {
  document.documentElement.lang = state.lang === "zh" ? "zh-CN" : "en";
  document.documentElement.dataset.theme = state.mode;
  document.title = `${say("title")} · simulate`;
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
  at("mode").textContent = say(state.mode === "dark" ? "to_light" : "to_dark");
  at("find").placeholder = say("find");
  at("save-where").textContent = say("save_where", { folder: told.folder });
  showChoices();
  showLayers();
  buildLevers();
  showHead();
  showTabs();
}

function showTabs() {
  for (const tab of document.querySelectorAll('[role="tab"]')) {
    const chosen = tab.dataset.view === state.view;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    if (chosen) at("panel").setAttribute("aria-labelledby", tab.id);
  }
}

// Asking

function shown(entry, { doses = {}, aims = {}, layers = [] }, name = "") {
  return { entry, doses, aims, layers, name };
}

function question(after) {
  return {
    asker,
    move,
    current: shown(state.entry, state),
    against: state.against === "" ? null : shown(state.against, { layers: entries.get(state.against).saved ? [] : overAgainst() }),
    beside: state.beside,
    metric: state.metric,
    view: state.view,
    lang: state.lang,
    mode: state.mode,
    after,
    members: FULL,
  };
}

// Ask at once when nothing was asked lately, else a moment later: a drag asks for its last value in any case.
function soon() {
  keep();
  document.body.dataset.settled = "false";
  clearTimeout(timer);
  const wait = Math.max(0, lastAsked + PACE - performance.now());
  timer = setTimeout(ask, wait);
}

async function ask() {
  lastAsked = performance.now();
  const own = ++move;
  pending?.abort();
  pending = new AbortController();
  const { signal } = pending;
  let after = 0;
  let tries = 0;
  at("results").setAttribute("aria-busy", "true");
  while (own === move) {
    let reply;
    try {
      reply = await post("/ask", question(after), signal);
    } catch (problem) {
      if (own !== move) return;
      if (problem.status !== undefined && problem.status !== 503) {
        alert(problem.message);
        at("results").removeAttribute("aria-busy");
        return;
      }
      alert(say("lost"));
      await rest(Math.min(4000, 250 * 2 ** tries++), signal);
      continue;
    }
    if (own !== move || reply.stale) return;
    tries = 0;
    alert(reply.stopping ? say("closed") : "");
    if (reply.stopping) await rest(2000, signal);
    if (reply.picture) {
      picture = reply.picture;
      after = picture.members;
      if (ready) draw();
    }
    if (reply.final) {
      document.body.dataset.settled = "true";
      document.body.dataset.move = String(own);
      at("results").removeAttribute("aria-busy");
      showProgress(after, after);
      return;
    }
    showProgress(reply.known, FULL);
  }
}

function rest(time, signal) {
  return new Promise((done) => {
    const end = setTimeout(done, time);
    signal.addEventListener("abort", () => (clearTimeout(end), done()), { once: true });
  });
}

async function post(path, body, signal) {
  const limit = AbortSignal.timeout(20000);
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json", "x-explorer-token": token },
    body: JSON.stringify(body),
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
  });
  const found = await answer.json();
  if (!answer.ok) {
    const problem = new Error(found.error ? both(found.error) : answer.statusText);
    problem.status = answer.status;
    throw problem;
  }
  return found;
}

function showProgress(known, wanted) {
  if (!ready) return;
  const text = known >= wanted ? say("done", { count: wanted }) : say("counting", { known, wanted });
  const failed = picture?.failed ? ` · ${say("failed", { count: picture.failed })}` : "";
  at("progress").textContent = (known === 0 && !picture ? say("starting") : text) + failed;
}

// Drawing what was answered

function draw() {
  at("caution").textContent = picture.caution;
  at("command").textContent = picture.command;
  drawBeside();
  drawCards();
  drawChart("fan");
  drawChart("chains");
  drawChart("districts");
  drawPanel();
  document.body.dataset.members = String(picture.members);
  const lead = picture.cards.find((card) => card.headline && !card.key.startsWith("joint:")) ?? picture.cards[0];
  if (lead) at("status").textContent = say("said", { count: picture.members, text: `${lead.name} ${lead.text}` });
}

function dot(colour) {
  const element = make("i", { class: "dot" });
  element.style.background = colour;
  return element;
}

function drawBeside() {
  const others = state.against === "" ? 1 : 2;
  const chips = picture.legend.map((item, position) => {
    const chip = make("span", { class: "who" }, dot(item.colour), item.name);
    if (position === 0 && moved()) chip.append(make("span", { class: "mark" }, say("custom")));
    if (position >= others) {
      const remove = () => {
        state.beside.splice(position - others, 1);
        soon();
      };
      chip.append(make("button", { type: "button", "aria-label": say("remove", { name: item.name }), on: { click: remove } }, "×"));
    }
    return chip;
  });
  const full = state.beside.length >= 4;
  const add = make("button", { type: "button", id: "keep", class: "plain", disabled: full, title: full ? say("keep_full") : "", on: { click: keepBeside } }, say("keep"));
  const focused = document.activeElement?.id === "keep";
  at("beside").replaceChildren(...chips, add);
  if (focused) at("keep").focus();
}

function keepBeside() {
  if (moved()) state.variants += 1;
  const name = moved() ? say("variant", { number: state.variants }) : "";
  state.beside.push(structuredClone(shown(state.entry, state, name)));
  soon();
}

function drawCards() {
  const key = (card) => card.headline;
  const lead = picture.cards.filter(key);
  const rest = picture.cards.filter((card) => !key(card));
  at("cards").replaceChildren(...(state.more ? [...lead, ...rest] : lead).map(buildCard));
  at("more").hidden = rest.length === 0;
  at("more").textContent = state.more ? say("fewer_targets") : say("more_targets", { count: rest.length });
  at("more").setAttribute("aria-expanded", String(state.more));
}

function buildCard(card) {
  const change = card.change;
  const gauge = make("div", { class: "gauge", "aria-hidden": "true" }, make("i", { class: "rail" }));
  const error = make("i", { class: "error" });
  error.style.left = `${100 * card.low}%`;
  error.style.width = `${100 * (card.high - card.low)}%`;
  const value = make("i", { class: "value" });
  value.style.left = `${100 * card.probability}%`;
  gauge.append(error);
  if (change) {
    const was = make("i", { class: "was" });
    was.style.left = `${100 * (card.probability - change.value)}%`;
    gauge.append(was);
  }
  gauge.append(value);
  return make(
    "article",
    { class: card.headline ? "card headline" : "card", "data-key": card.key },
    make("h3", {}, card.name),
    make("p", { class: "aim" }, card.aim, card.extra ? ` · ${say("extra")}` : ""),
    make("p", { class: "chance" }, card.text, " ", make("span", { title: say("sampling") }, card.interval)),
    gauge,
    change ? buildChange(change) : make("p"),
    card.beside.length
      ? make("ul", {}, ...card.beside.map((item) => make("li", { title: item.name }, dot(item.colour), item.text)))
      : make("div"),
    make("p", { class: "foot" }, card.outcome ? `${say("median")} ${card.outcome}` : ""),
    make("p", { class: "foot" }, [picture.calibrated ? "" : say("uncalibrated"), card.record ? say("record") + card.record : ""].filter(Boolean).join(" · ")),
  );
}

function buildChange(change) {
  if (change.gained === 0 && change.lost === 0) return make("p", { class: "change quiet" }, say("same"));
  const way = change.value > 0 ? "up" : change.value < 0 ? "down" : "";
  return make(
    "p",
    { class: `change ${way} ${change.clear ? "clear" : ""}` },
    make("span", { class: "quiet" }, say("change")),
    " ",
    make("b", {}, change.text),
    " ",
    make("span", { class: "quiet" }, `(${change.interval})`),
  );
}

// The library of charts is asked for with the first chart: it is large, and cards are read first.
let library = null;

function charts() {
  library ??= new Promise((done) => {
    const fetch = () => {
      const script = make("script", { src: "/plotly.js", on: { load: () => done(window.Plotly), error: again } });
      document.head.append(script);
    };
    const again = () => setTimeout(fetch, 1000); // a connection that was lost comes back
    requestAnimationFrame(() => setTimeout(fetch));
  });
  return library;
}

let turn = Promise.resolve(); // one chart after the other, with time between for what people do
const drawn = new Map(); // the newest chart of each place, for what arrives late

function drawChart(id) {
  const part = picture[id];
  at(`${id}-title`).replaceChildren(part.title, make("span", { class: "quiet" }, ` ${part.unit}`));
  at(`${id}-text`).textContent = part.text;
  plot(at(id), part.chart, `${part.title}. ${part.text}`);
}

async function plot(place, chart, text) {
  place.setAttribute("aria-label", text);
  sizes.observe(place);
  drawn.set(place, chart);
  const Plotly = await charts();
  const own = turn.then(async () => {
    if (drawn.get(place) !== chart || !place.isConnected) return;
    const font = { ...chart.layout.font, family: getComputedStyle(document.body).fontFamily };
    const layout = { ...inRoom(chart, place.clientWidth), font, width: place.clientWidth };
    await Plotly.react(place, chart.data, layout, { displayModeBar: false });
    place.dataset.drawn = "true";
    await new Promise((done) => setTimeout(done));
  });
  turn = own.catch(() => {});
  await own;
}

// On a narrow screen a bar needs the room more than the end of its name, which stands in the table or under the pointer.
function inRoom({ data, layout }, width) {
  const names = data.find((trace) => trace.orientation === "h")?.y;
  if (!names || width > 520) return layout;
  const short = (name) => {
    let room = 0.4 * width;
    const letters = [...name];
    const end = letters.findIndex((letter) => (room -= letter > "\u2e80" ? 13 : 7) < 0);
    return end < 0 ? name : `${letters.slice(0, end).join("")}…`;
  };
  const yaxis = { ...layout.yaxis, tickvals: names, ticktext: names.map(short) };
  return { ...layout, yaxis, xaxis: { ...layout.xaxis, nticks: 4 } };
}

const sizes = new ResizeObserver((changes) => {
  for (const { target } of changes) {
    const width = target.clientWidth;
    if (!target.dataset.drawn || !width || target.layout?.width === width) continue;
    plot(target, drawn.get(target), target.getAttribute("aria-label")).catch(() => {});
  }
});

// Tables

function table(caption, head, body) {
  const cell = (tag, text, kind) => make(tag, kind ? { class: kind } : {}, String(text));
  return make(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    make(
      "table",
      {},
      make("caption", {}, caption),
      make("thead", {}, make("tr", {}, ...head.map(([text, kind]) => {
        const found = cell("th", text, kind === "number" ? "number" : "");
        found.scope = "col";
        return found;
      }))),
      make("tbody", {}, ...body.map((row) => make("tr", {}, ...row.map((text, i) => cell("td", text, head[i][1]))))),
    ),
  );
}

function drawPanel() {
  const view = picture.view;
  const panel = at("panel");
  const parts = [];
  if (view.table) {
    const head = [[say("series"), "wide"], [say("unit"), "short"], [say("middle"), "number"], [say("range90"), "number"]];
    const compared = picture.compared !== null;
    if (compared) head.push([say("reference"), "number"], [say("difference"), "number"]);
    const body = view.table.map((row) => [row.name, row.unit, row.median, row.range, ...(compared ? [row.reference, row.difference] : [])]);
    parts.push(table(say("table_caption"), head, body));
  }
  if (view.waiting) parts.push(make("p", { class: "quiet" }, view.waiting));
  if (view.chart) {
    parts.push(make("h3", {}, view.title), make("p", { class: "quiet" }, view.text));
    const place = make("div", { class: "chart", role: "img" });
    parts.push(place);
    plot(place, view.chart, `${view.title}. ${view.text}`).catch(() => {});
    parts.push(table(view.title, [[say("parameter"), "wide"], [say("at_low"), "number"], [say("at_high"), "number"], [say("grade")]], view.rows.map((row) => [row.name, row.low, row.high, row.grade])));
  }
  if (view.assumptions) {
    const doseText = (lever) => {
      const found = dose(lever.key);
      if (typeof found === "number") return `${shownNumber(found)} ${unitText(lever.unit)}`;
      return `${told.years.map((year) => `${year}: ${shownNumber(inYear(found, year))}`).join(", ")} ${unitText(lever.unit)}`;
    };
    parts.push(
      table(
        say("lever_sources"),
        [[say("lever"), "wide"], [say("now"), "number"], [say("clause"), "wide"], [say("grade")], [say("sources")], [say("reason"), "wide"]],
        told.levers.map((lever) => [both(lever.name), doseText(lever), both(lever.clause), both(told.grades[lever.grade]), lever.sources.join(", "), both(lever.reasoning)]),
      ),
      table(
        say("assumption_sources"),
        [[say("parameter"), "wide"], [say("middle"), "number"], [say("range90"), "number"], [say("grade")], [say("sources")]],
        view.assumptions.map((row) => [row.name, row.value, row.range, row.grade, row.sources]),
      ),
    );
  }
  if (view.accounts) {
    parts.push(
      make("p", { class: "quiet" }, view.text),
      table(say("by_lever"), [[say("lever"), "wide"], [say("mean"), "number"], [say("share"), "number"]], view.levers.map((row) => [row.name, row.mean, row.share])),
      table(say("accounts"), [[say("account"), "wide"], [say("role")], [say("mean"), "number"], [say("range90"), "number"]], view.accounts.map((row) => [row.name, row.role, row.mean, row.range])),
    );
  }
  panel.replaceChildren(...parts);
}

// Saving

function openSaving() {
  const entry = entries.get(state.entry);
  at("save-error").textContent = "";
  at("save-over").checked = false;
  const folder = entry.id.includes("/") && !entry.id.startsWith("/") ? entry.id.slice(0, entry.id.lastIndexOf("/") + 1) : "";
  at("save-file").value = `${folder}my_scenario.yaml`;
  at("save-zh").value = `${entry.name.zh}（${told.words.zh.custom}）`;
  at("save-en").value = `${entry.name.en}, ${told.words.en.custom.toLowerCase()}`;
  at("saving").showModal();
}

async function save(event) {
  event.preventDefault();
  try {
    const found = await post("/save", {
      shown: shown(state.entry, state),
      file: at("save-file").value,
      zh: at("save-zh").value,
      en: at("save-en").value,
      overwrite: at("save-over").checked,
      lang: state.lang,
    });
    entries.set(found.entry.id, found.entry);
    at("saving").close();
    Object.assign(state, { entry: found.entry.id, doses: {}, aims: {}, layers: [] });
    showWords();
    soon();
    flash(say("saved", { file: found.file }));
  } catch (problem) {
    at("save-error").textContent = problem.message;
  }
}

function flash(text) {
  alert(text);
  setTimeout(() => at("alert").textContent === text && alert(""), 4000);
}

// The whole ensemble as a run folder, and the report on it.
function openReport() {
  const saved = entries.get(state.entry).saved;
  const run = at("command").textContent.replace(/ -n \d+$/, ` -n ${FULL}`);
  const report = `simulate report ${saved ? run.replace("simulate targets ", "") : "results/latest"} -o report.html`;
  at("report-commands").textContent = saved ? report : `${run}\n${report}`;
  at("reporting").showModal();
}

async function copy(id) {
  const text = at(id).textContent;
  try {
    await navigator.clipboard.writeText(text);
    flash(say("copied"));
  } catch {
    const range = document.createRange();
    range.selectNodeContents(at(id));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  }
}

// What people do

function choose(id, change) {
  at(id).addEventListener("change", () => {
    change(at(id).value);
    showWords();
    soon();
  });
}

choose("entry", (value) => {
  Object.assign(state, { entry: value, doses: {}, aims: {} });
  if (entries.get(value).saved) state.layers = [];
});
choose("against", (value) => (state.against = value));
choose("metric", (value) => (state.metric = value));
at("find").addEventListener("input", filter);
at("layers-both").addEventListener("change", () => {
  state.layersBoth = at("layers-both").checked;
  redo();
});
addEventListener("click", (event) => {
  if (!at("conditions").contains(event.target)) at("conditions").open = false;
});
at("conditions").addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  at("conditions").open = false;
  at("conditions-title").focus();
});
at("reset").addEventListener("click", () => {
  Object.assign(state, { doses: {}, aims: {}, layers: [], layersBoth: false });
  showWords();
  soon();
});
at("language").addEventListener("click", () => {
  state.lang = state.lang === "zh" ? "en" : "zh";
  showWords();
  soon();
});
at("mode").addEventListener("click", () => {
  state.mode = state.mode === "dark" ? "light" : "dark";
  showWords();
  soon();
});
at("more").addEventListener("click", () => {
  state.more = !state.more;
  keep();
  drawCards();
});
for (const tab of document.querySelectorAll('[role="tab"]')) {
  const open = (view) => {
    state.view = view;
    showTabs();
    soon();
  };
  tab.addEventListener("click", () => open(tab.dataset.view));
  tab.addEventListener("keydown", (event) => {
    const here = VIEWS.indexOf(state.view);
    const next = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: VIEWS.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    open(VIEWS[(next + VIEWS.length) % VIEWS.length]);
    document.querySelector('[role="tab"][aria-selected="true"]').focus();
  });
}
at("copy").addEventListener("click", () => copy("command"));
at("report").addEventListener("click", openReport);
at("report-copy").addEventListener("click", () => copy("report-commands").then(() => at("reporting").close()));
at("report-close").addEventListener("click", () => at("reporting").close());
at("save").addEventListener("click", openSaving);
at("save-cancel").addEventListener("click", () => at("saving").close());
at("saving").querySelector("form").addEventListener("submit", save);
addEventListener("online", soon);

// Whether the machine has no Chinese typeface: it then draws the same box for two characters.
function lacksChinese() {
  const pixels = ["\u76ee", "\u6807"].map((character) => {
    const canvas = make("canvas", { width: 20, height: 24 });
    const pen = canvas.getContext("2d");
    pen.font = "16px system-ui, sans-serif";
    pen.fillText(character, 2, 18);
    return pen.getImageData(0, 0, 20, 24).data.join();
  });
  return pixels[0] === pixels[1];
}

// The first words wait for the page's own typeface where it is needed: words that were drawn as boxes may stay boxes.
async function typeface() {
  if (!lacksChinese()) return;
  const late = new Promise((done) => setTimeout(done, 4000));
  await Promise.race([document.fonts.load('16px "Noto Sans SC"', "\u76ee"), late]);
}

recall();
document.documentElement.dataset.theme = state.mode;
ask();
await typeface();
ready = true;
showWords();
showProgress(picture?.members ?? 0, FULL);
if (picture) draw();
