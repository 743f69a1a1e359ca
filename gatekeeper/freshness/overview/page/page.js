"use strict";
(() => {
  const DAY = 86400;
  // As many rows as are laid out at once; "Show all rows" lays out the rest.
  const SHOWN = 200;
  // Lanes beyond these share the last one.
  const LANES = 24;
  const ORDER = ["denied", "due", "unpullable", "waived", "undated", "unknown", "warned", "fine"];
  // What has a date to come, and where in the column "now" the others stand.
  const DATED = new Set(["due", "waived"]);
  const STAND = { denied: 0.14, unpullable: 0.38, undated: 0.62, unknown: 0.86, waived: 0.5, due: 0.14 };
  const SHAPES = { denied: "triangle", due: "rectRot", unpullable: "crossRot", waived: "circle", undated: "rect", unknown: "star" };
  const $ = (id) => document.getElementById(id);
  const now = Number(document.body.dataset.now);
  const horizon = Math.max(1, (Number(document.body.dataset.until) - now) / DAY);
  const body = $("rows").tBodies[0];
  const said = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options });
  const shortDay = said({ day: "numeric", month: "short" });
  const longDay = said({ weekday: "short", day: "numeric", month: "short", year: "numeric" });
  const date = (days) => new Date((now + days * DAY) * 1000);

  const rows = Array.from(body.rows, (line, place) => {
    const { s, t, p, q, d } = line.dataset;
    return { line, place, state: s, team: t, policy: p, questions: q.split(" "), at: d === "" ? Infinity : Number(d), text: "" };
  });
  const text = (row) => row.text || (row.text = row.line.textContent.toLowerCase());
  const words = Object.fromEntries(Array.from(document.querySelectorAll(".tile"), (tile) => [tile.dataset.state, tile.querySelector(".word").textContent]));

  // ---- which rows are shown ----
  const wish = { state: "", team: "", policy: "", question: "", words: [], mark: null, all: false, sort: "", down: false };

  const wanted = (row) =>
    (wish.state ? row.state === wish.state : row.state !== "fine" || wish.words.length > 0) &&
    (!wish.team || row.team === wish.team.slice(1)) &&
    (!wish.policy || row.policy === wish.policy.slice(1)) &&
    (!wish.question || row.questions.includes(wish.question)) &&
    (!wish.mark || wish.mark.rows.has(row)) &&
    wish.words.every((word) => text(row).includes(word));

  function show() {
    let found = 0;
    for (const row of rows) {
      const hidden = !wanted(row) || (++found > SHOWN && !wish.all);
      if (row.line.hidden !== hidden) row.line.hidden = hidden;
    }
    const laid = wish.all ? found : Math.min(found, SHOWN);
    const count = (number) => number.toLocaleString("en");
    $("shown").textContent = `${laid < found ? `the first ${count(laid)} of ` : ""}${count(found)} row${found === 1 ? "" : "s"}`;
    $("more").hidden = laid >= found;
    $("none").hidden = found > 0;
    $("everything").disabled = !(wish.state || wish.team || wish.policy || wish.question || wish.mark || wish.words.length);
    for (const tile of document.querySelectorAll(".tile")) tile.setAttribute("aria-pressed", String(tile.dataset.state === wish.state));
  }

  function all() {
    Object.assign(wish, { state: "", team: "", policy: "", question: "", words: [], mark: null, all: false });
    $("filters").reset();
    show();
  }

  $("filters").hidden = false;
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("everything").addEventListener("click", all);
  for (const name of ["team", "policy", "question"]) {
    $(name).addEventListener("change", (event) => { wish[name] = event.target.value; wish.all = false; show(); });
  }
  let typing = 0;
  $("find").addEventListener("input", (event) => {
    clearTimeout(typing);
    typing = setTimeout(() => { wish.words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean); wish.all = false; show(); }, 80);
  });
  for (const tile of document.querySelectorAll(".tile")) {
    tile.addEventListener("click", () => { wish.state = wish.state === tile.dataset.state ? "" : tile.dataset.state; wish.mark = null; wish.all = false; show(); });
  }
  $("more").firstElementChild.addEventListener("click", () => { wish.all = true; show(); });
  document.addEventListener("keydown", (event) => {
    const writes = event.target.matches("input, select, textarea");
    if (event.key === "/" && !writes && !event.ctrlKey && !event.metaKey) { event.preventDefault(); $("find").focus(); }
    if (event.key === "Escape" && (!writes || event.target === $("find"))) all();
  });

  // ---- in which order ----
  const KEYS = {
    state: (row) => ORDER.indexOf(row.state),
    date: (row) => row.at,
    workload: (row) => row.line.cells[2].textContent,
    image: (row) => row.line.cells[3].textContent,
    policy: (row) => row.policy,
    why: (row) => row.line.cells[5].textContent,
  };
  const compare = (left, right) => (typeof left === "number" ? (left === right ? 0 : left - right) : left < right ? -1 : Number(left > right));
  for (const head of document.querySelectorAll("#rows thead th")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const name = head.dataset.sort;
      wish.down = wish.sort === name && !wish.down;
      wish.sort = name;
      const keyed = rows.map((row) => [KEYS[name](row), row]);
      keyed.sort((left, right) => (wish.down ? -1 : 1) * compare(left[0], right[0]) || left[1].place - right[1].place);
      rows.splice(0, rows.length, ...keyed.map((each) => each[1]));
      body.append(...rows.map((row) => row.line));
      for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", wish.down ? "descending" : "ascending");
      show();
    });
  }

  // ---- light and dark ----
  const theme = $("theme");
  const THEMES = ["auto", "light", "dark"];
  const stored = (write) => { try { return write === undefined ? localStorage.getItem("bestbefore-theme") : localStorage.setItem("bestbefore-theme", write); } catch { return null; } };
  function wear(name) {
    if (name === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    theme.querySelector("span").textContent = name;
    paint();
  }
  theme.hidden = false;
  theme.addEventListener("click", () => { const next = THEMES[(THEMES.indexOf(theme.textContent.split(" ").pop()) + 1) % THEMES.length]; stored(next); wear(next); });

  // ---- the charts ----
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const ink = (name) => { probe.style.color = `var(--${name})`; return getComputedStyle(probe).color; };
  let by = "team";
  let charts = [];
  let marks = [];
  let gutter = 1;

  // A lane each, the one with the most urgent rows first; what is beyond the last one stands together.
  function lanes() {
    const weight = new Map();
    for (const row of rows) if (row.state in STAND) weight.set(row[by], (weight.get(row[by]) || 0) + (row.state === "denied" ? 1e6 : row.state === "due" ? 1e3 : 1));
    const names = [...weight.keys()].sort((left, right) => weight.get(right) - weight.get(left) || compare(left, right));
    return names.length <= LANES ? { names, rest: 0 } : { names: names.slice(0, LANES - 1), rest: names.length - LANES + 1 };
  }

  function gathered(names) {
    const found = new Map();
    const known = new Map(names.map((name, lane) => [name, lane]));
    for (const row of rows) {
      if (!(row.state in STAND)) continue;
      const lane = known.has(row[by]) ? known.get(row[by]) : names.length;
      const ahead = DATED.has(row.state) && row.at !== Infinity && row.at > now;
      const day = ahead ? Math.floor((row.at - (now - (now % DAY))) / DAY) : -1;
      const key = `${lane} ${row.state} ${day}`;
      if (!found.has(key)) found.set(key, { lane, state: row.state, day, rows: new Set(), x: ahead ? 0 : -gutter * (1 - STAND[row.state]) });
      const mark = found.get(key);
      mark.rows.add(row);
      if (ahead) mark.x = mark.rows.size === 1 ? (row.at - now) / DAY : Math.min(mark.x, (row.at - now) / DAY);
    }
    return [...found.values()].sort((left, right) => left.lane - right.lane || left.x - right.x || compare(left.state, right.state));
  }

  const named = (lane, names) => (lane < names.length ? names[lane] || (by === "team" ? "no team" : "no policy") : "others");
  const when = (mark) => (mark.day < 0 ? "now" : longDay.format(date(mark.x)));
  const spoken = (mark, names) => `${when(mark)}: ${named(mark.lane, names)}, ${mark.rows.size} ${words[mark.state].toLowerCase()}`;

  // Ticks at midnights, about one in 90 pixels, beside "now".
  function ticks(scale) {
    const first = Math.ceil(now / DAY) * DAY;
    const steps = [1, 2, 7, 14, 28, 56];
    const most = Math.max(2, scale.width / 90);
    const step = steps.find((each) => horizon / each <= most) || 112;
    scale.ticks = [{ value: -gutter / 2, label: "now" }];
    for (let at = first; at <= now + horizon * DAY; at += step * DAY) {
      const value = (at - now) / DAY;
      if (value > horizon * 0.03) scale.ticks.push({ value, label: shortDay.format(new Date(at * 1000)) });
    }
  }

  // A band behind "now", and how many rows a mark is.
  const band = {
    id: "band",
    beforeDatasetsDraw(chart) {
      const { ctx, chartArea: area, scales } = chart;
      const edge = scales.x.getPixelForValue(-gutter * 0.02);
      ctx.save();
      ctx.fillStyle = ink("hover");
      ctx.beginPath();
      ctx.roundRect(area.left, area.top, edge - area.left, area.height, 6);
      ctx.fill();
      ctx.restore();
    },
    afterDatasetsDraw(chart) {
      if (!chart.canvas.matches("#lanes")) return;
      const { ctx } = chart;
      const placed = chart.data.datasets.flatMap((set, number) => chart.getDatasetMeta(number).data.map((point, index) => ({ point, mark: set.data[index].mark })));
      ctx.save();
      ctx.font = `600 11px ${Chart.defaults.font.family}`;
      ctx.textBaseline = "middle";
      for (const { point, mark } of placed) {
        if (mark.rows.size < 2) continue;
        const text = String(mark.rows.size);
        const start = point.x + point.options.radius + 3;
        const end = start + ctx.measureText(text).width + 3;
        // A number that another mark would cover is left to the tooltip and the table.
        const covered = placed.some(({ point: other }) => other !== point && Math.abs(other.y - point.y) < 10 && other.x > point.x && other.x - other.options.radius < end);
        if (covered || end > chart.width) continue;
        ctx.fillStyle = ink(mark.state);
        ctx.fillText(text, start, point.y + 0.5);
      }
      ctx.restore();
    },
  };

  function scaleX(shown) {
    return {
      type: "linear", min: -gutter, max: horizon, afterBuildTicks: ticks,
      grid: { color: (context) => (context.tick && context.tick.value < 0 ? "transparent" : ink("line")), drawTicks: false },
      border: { display: false },
      ticks: { display: shown, autoSkip: false, maxRotation: 0, padding: 8, color: ink("soft"), callback: (_value, index, every) => every[index].label },
    };
  }

  function paint() {
    if (typeof Chart === "undefined" || !rows.some((row) => row.state in STAND)) return;
    $("charts").hidden = false;
    $("lanes-by").hidden = false;
    charts.forEach((chart) => chart.destroy());
    const narrow = $("charts").clientWidth < 560;
    const left = narrow ? 84 : 168;
    const plot = Math.max(160, $("charts").clientWidth - left - 50);
    // The column "now" has four marks beside each other, and their numbers where there is room.
    gutter = (horizon * (narrow ? 84 : 190)) / (plot - (narrow ? 84 : 190));
    const { names, rest } = lanes();
    marks = gathered(names);
    const count = names.length + (rest ? 1 : 0);
    const tall = Math.max(34, Math.min(54, 420 / count));
    $("lanes").parentElement.style.height = `${count * tall + 34}px`;
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.font.size = 12;
    Chart.defaults.color = ink("soft");
    const common = {
      animation: false, maintainAspectRatio: false, responsive: true, layout: { autoPadding: false, padding: { top: 8, right: 14, bottom: 2 } },
      plugins: { legend: { display: false }, tooltip: {
        backgroundColor: ink("ink"), titleColor: ink("paper"), bodyColor: ink("paper"), displayColors: false, padding: 10, cornerRadius: 6,
      } },
    };
    const fixed = (scale) => { scale.width = left; };
    const fit = (name) => (name.length * 7 > left - 14 ? `${name.slice(0, Math.floor((left - 14) / 7) - 1)}…` : name);

    // How many rows are denied first on each day, or each week of a long horizon.
    const span = horizon > 120 ? 7 : 1;
    const sums = {};
    for (const mark of marks) if (mark.day >= 0) {
      const slot = Math.floor(mark.x / span);
      (sums[mark.state] = sums[mark.state] || {})[slot] = (sums[mark.state][slot] || 0) + mark.rows.size;
    }
    const thick = Math.max(2, Math.min(20, (plot / (gutter + horizon)) * span * 0.62));
    const bars = ["due", "waived"].map((state) => ({
      label: words[state], stack: "one", backgroundColor: ink(state), borderRadius: 2, barThickness: thick,
      data: Object.entries(sums[state] || {}).map(([slot, y]) => ({ x: (Number(slot) + 0.5) * span, y })),
    }));
    const most = Math.max(1, ...Object.values(sums).flatMap((each) => Object.values(each)));
    charts = [
      new Chart($("days"), {
        type: "bar", data: { datasets: bars }, plugins: [band],
        options: {
          ...common,
          scales: { x: { ...scaleX(false), stacked: true, offset: false }, y: {
            stacked: true, suggestedMax: most, afterFit: fixed, border: { display: false }, grid: { color: ink("line"), drawTicks: false },
            ticks: { precision: 0, maxTicksLimit: 3, padding: 10, color: ink("soft") },
          } },
          plugins: { ...common.plugins, tooltip: { ...common.plugins.tooltip, callbacks: {
            title: (items) => `${span > 1 ? "Week from " : ""}${longDay.format(date(items[0].parsed.x - span / 2))}`,
            label: (item) => `${item.parsed.y} ${item.dataset.label.toLowerCase()}`,
          } } },
        },
      }),
      new Chart($("lanes"), {
        type: "scatter", plugins: [band],
        data: { datasets: Object.keys(STAND).map((state) => ({
          label: words[state], pointStyle: SHAPES[state], backgroundColor: ink(state), borderColor: ink(state), borderWidth: ["crossRot", "star"].includes(SHAPES[state]) ? 2.5 : 0,
          data: marks.filter((mark) => mark.state === state).map((mark) => ({ x: mark.x, y: mark.lane + (mark.day < 0 ? 0 : state === "waived" ? 0.2 : -0.1), mark })),
          pointRadius: (context) => (context.raw ? Math.min(10, tall / 2 - 5, (narrow ? 4 : 5) + 0.6 * Math.sqrt(context.raw.mark.rows.size)) : 5),
          pointHoverRadius: (context) => (context.raw ? Math.min(12, tall / 2 - 3, 7 + 0.6 * Math.sqrt(context.raw.mark.rows.size)) : 7),
          pointHoverBorderWidth: 2.5, pointHoverBorderColor: ink("ink"),
        })) },
        options: {
          ...common,
          scales: { x: scaleX(true), y: {
            type: "linear", reverse: true, min: -0.5, max: count - 0.5, afterFit: fixed, border: { display: false },
            afterBuildTicks: (scale) => { scale.ticks = Array.from({ length: count }, (_each, value) => ({ value })); },
            grid: { color: ink("line"), drawTicks: false },
            ticks: { autoSkip: false, padding: 10, color: ink("ink"), crossAlign: "far", callback: (value) => fit(value < names.length ? named(value, names) : `${rest} others`) },
          } },
          onClick: (_event, found, chart) => { if (found.length) pick(chart.data.datasets[found[0].datasetIndex].data[found[0].index].mark); },
          onHover: (event, found) => { event.native.target.style.cursor = found.length ? "pointer" : ""; },
          plugins: { ...common.plugins, tooltip: { ...common.plugins.tooltip, callbacks: {
            title: (items) => `${named(items[0].raw.mark.lane, names)} · ${when(items[0].raw.mark)}`,
            label: (item) => `${item.raw.mark.rows.size} ${words[item.raw.mark.state].toLowerCase()}`,
          } } },
        },
      }),
    ];
    charts[1].names = names;
  }

  // Lists the rows of a mark.
  function pick(mark) {
    Object.assign(wish, { state: mark.state, mark, all: false });
    show();
    $("spoken").textContent = `${spoken(mark, charts[1].names)}: listed below`;
  }

  let here = -1;
  function point(number) {
    here = (number + marks.length) % marks.length;
    const mark = marks[here];
    const chart = charts[1];
    const datasetIndex = Object.keys(STAND).indexOf(mark.state);
    const index = chart.data.datasets[datasetIndex].data.findIndex((each) => each.mark === mark);
    const active = [{ datasetIndex, index }];
    chart.setActiveElements(active);
    chart.tooltip.setActiveElements(active, { x: 0, y: 0 });
    chart.update("none");
    $("spoken").textContent = spoken(mark, chart.names);
  }
  $("lanes").addEventListener("keydown", (event) => {
    if (!marks.length) return;
    const lane = here < 0 ? 0 : marks[here].lane;
    if (event.key === "ArrowRight") point(here + 1);
    else if (event.key === "ArrowLeft") point(here < 0 ? marks.length - 1 : here - 1);
    else if (event.key === "ArrowDown") point(Math.max(0, marks.findIndex((mark) => mark.lane > lane)));
    else if (event.key === "ArrowUp") point(Math.max(0, marks.findIndex((mark) => mark.lane === Math.max(0, lane - 1))));
    else if (event.key === "Enter" && here >= 0) pick(marks[here]);
    else return;
    event.preventDefault();
  });
  for (const button of $("lanes-by").children) {
    button.addEventListener("click", () => {
      by = button.dataset.by;
      here = -1;
      for (const each of $("lanes-by").children) each.setAttribute("aria-pressed", String(each === button));
      paint();
    });
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  let width = window.innerWidth;
  window.addEventListener("resize", () => { if (width !== window.innerWidth) { width = window.innerWidth; paint(); } });

  // On paper: light, and every row that is asked for.
  let before = null;
  window.addEventListener("beforeprint", () => {
    before = { theme: document.documentElement.dataset.theme || "auto", all: wish.all };
    wish.all = true;
    show();
    wear("light");
  });
  window.addEventListener("afterprint", () => {
    wish.all = before.all;
    show();
    wear(before.theme);
  });

  show();
  wear(THEMES.includes(stored()) ? stored() : "auto");
})();
