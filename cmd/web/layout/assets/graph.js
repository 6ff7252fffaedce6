// The drawing: SVG, made anew when the network has changed, lit when something travels. The same network gives the
// same drawing.

import { make } from "./svg.js";

const still = window.matchMedia("(prefers-reduced-motion: reduce)");
const narrow = window.matchMedia("(max-width: 40rem)");
const hopTime = 420; // milliseconds that a dot takes along a line, where it is shown live
const maxDots = 80, maxWords = 24;
const many = 64; // so many nodes are one stop of the Tab key, and arrow keys go from one to the next
const slowPing = 25; // milliseconds from which on a link says how long it takes: below it is the machine that is busy
// What lights up stays lit when the picture is drawn anew.
const lights = ["lit-tx", "lit-block", "refused"], marks = ["had", "heard"];
const lightTime = 1600, glowTime = 900;

const titleOf = (n) => n.title || `node ${n.id}`;

export class Drawing {
  constructor(place, chosen) {
    this.place = place;
    this.chosen = chosen;
    this.ids = [];
    this.spots = new Map();
    this.groups = new Map();
    this.lines = new Map();
    this.links = make("g", {});
    this.dots = make("g", { "aria-hidden": "true" });
    this.nodes = make("g", {});
    narrow.addEventListener("change", () => this.picture && this.draw(this.picture));
    place.append(this.links, this.dots, this.nodes);
  }

  // spotsOf puts members on a circle, the first on top, and strangers outside; where the circle is full, on rings within.
  spotsOf(picture) {
    const members = picture.nodes.filter((n) => !n.stranger), others = picture.nodes.filter((n) => n.stranger);
    const [w, h, rx, ry] = narrow.matches ? [420, 460, 165, 180] : [900, 610, 340, 235];
    const spots = new Map(), inner = others.length ? 0.78 : 1;
    this.place.setAttribute("viewBox", `0 0 ${w} ${h}`);
    const put = (list, share, shift) => list.forEach((n, i) => {
      const a = 2 * Math.PI * (i + shift) / list.length - Math.PI / 2;
      spots.set(n.id, { x: w / 2 + share * rx * Math.cos(a), y: h / 2 - 5 + share * ry * Math.sin(a) });
    });
    const shares = members.length > 80 ? [1, 0.72, 0.44] : members.length === 1 ? [0] : [1];
    const whole = shares.reduce((sum, share) => sum + share, 0);
    let from = 0;
    shares.forEach((share, ring) => {
      const n = ring === shares.length - 1 ? members.length - from : Math.round(members.length * share / whole);
      put(members.slice(from, from + n), inner * share, ring / 2);
      from += n;
    });
    put(others, 1.1, 0.5);
    return spots;
  }

  draw(picture) {
    this.picture = picture;
    this.spots = this.spotsOf(picture);
    this.links.classList.toggle("fine", picture.nodes.length > many);
    const now = performance.now();
    const focused = document.activeElement?.dataset?.node;
    this.drawLinks(picture.links || [], now);
    this.drawNodes(picture.nodes, now);
    if (focused !== undefined) this.groups.get(focused)?.focus();
    this.choose(this.marked || []);
  }

  drawLinks(links, now) {
    const before = this.lines;
    this.lines = new Map();
    let said = 0;
    this.links.replaceChildren(...links.map((l) => {
      const [p, q] = [this.spots.get(l.a), this.spots.get(l.b)];
      if (!p || !q) return make("g", {});
      const cut = l.cut_ab || l.cut_ba, shape = l.ab === l.ba ? l.ab : [l.ab && `→ ${l.ab}`, l.ba && `← ${l.ba}`].filter(Boolean).join(" ");
      const line = make("line", { class: `link${cut ? " cut" : l.connected ? "" : " idle"}${!cut && shape ? " shaped" : ""}`, x1: p.x, y1: p.y, x2: q.x, y2: q.y });
      this.lines.set(`${l.a} ${l.b}`, line);
      const old = before.get(`${l.a} ${l.b}`);
      if (old?.classList.contains("glow")) this.light(line, "glow", old.until?.glow - now);
      const words = cut ? (l.cut_ab && l.cut_ba ? "✕ cut" : `✕ ${l.cut_ab ? `${l.a} → ${l.b}` : `${l.b} → ${l.a}`}`) : shape || (l.ping >= slowPing ? `${l.ping} ms` : "");
      const group = make("g", { role: "img", "aria-label": `${l.a} and ${l.b}: ${cut ? "cut" : l.connected ? "connected" : "not connected"}${shape ? `, ${shape}` : ""}` }, line);
      if (words && said++ < maxWords) group.append(make("text", { class: `on-link${cut ? " bad" : ""}`, x: p.x + (q.x - p.x) * 0.42, y: p.y + (q.y - p.y) * 0.42 - 6 }, words));
      return group;
    }));
  }

  drawNodes(nodes, now) {
    const before = this.groups;
    const best = Math.max(0, ...nodes.filter((n) => !n.stranger).map((n) => n.height));
    this.groups = new Map();
    const small = nodes.length > 24, radius = Math.max(5, Math.min(27, 700 / nodes.length));
    this.nodes.replaceChildren(...nodes.map((n) => {
      const spot = this.spots.get(n.id), behind = !n.stranger && !n.down && n.height < best;
      const state = n.down ? "down" : n.stranger ? "a peer that is not of the network" : `block ${n.height}, ${n.pool} in the pool${behind ? ", behind" : ""}`;
      const group = make("g", { class: `node${n.down ? " down" : ""}${n.stranger ? " stranger" : ""}${behind ? " behind" : ""}`, transform: `translate(${spot.x} ${spot.y})`, "data-node": n.id },
        make("circle", { class: "halo", r: radius + 8 }), make("circle", { class: "body", r: n.stranger ? radius * 0.7 : radius }),
        make("text", { class: radius < 12 ? "fact" : "name", y: small || n.stranger ? 5 : -1 }, n.stranger ? "peer" : radius < 8 ? "" : n.id), ...this.under(n, small, radius));
      if (n.stranger) group.setAttribute("aria-label", `${titleOf(n)}: ${state}`), group.setAttribute("role", "img");
      else {
        group.setAttribute("role", "button");
        group.setAttribute("tabindex", nodes.length > many && n.id !== (this.stop ?? nodes[0].id) ? "-1" : "0");
        group.setAttribute("aria-pressed", "false");
        group.setAttribute("aria-label", `${titleOf(n)}: ${state}`);
        group.addEventListener("click", () => this.chosen(n.id));
        group.addEventListener("keydown", (e) => {
          if (e.key === "Enter" || e.key === " ") {
            e.preventDefault();
            this.chosen(n.id);
          } else if (nodes.length > many) this.go(e, n.id);
        });
      }
      this.stay(before.get(n.id), group, now);
      this.groups.set(n.id, group);
      return group;
    }));
  }

  // go moves the focus from a node to its neighbour by an arrow key.
  go(e, id) {
    const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
    if (!way) return;
    e.preventDefault();
    const all = this.picture.nodes.filter((n) => !n.stranger).map((n) => n.id);
    this.groups.get(id).setAttribute("tabindex", "-1");
    this.stop = all[(all.indexOf(id) + way + all.length) % all.length];
    const next = this.groups.get(this.stop);
    next.setAttribute("tabindex", "0");
    next.focus();
  }

  // stay keeps alight what was so before the picture was drawn anew.
  stay(old, group, now) {
    for (const name of marks) if (old?.classList.contains(name)) group.classList.add(name);
    for (const name of lights) if (old?.classList.contains(name)) this.light(group, name, old.until?.[name] - now);
  }

  under(n, small, radius) {
    if (n.stranger) return [make("text", { class: "fact", y: radius + 10 }, n.title.slice(0, 28))];
    if (small && radius < 8) return [];
    if (n.down) return [make("text", { class: "fact bad", y: radius + 18 }, "✕ down")];
    if (small) return [];
    const texts = [make("text", { class: "height", y: 14 }, `${n.height}`)];
    if (n.title) texts.push(make("text", { class: "fact", y: -radius - 12 }, n.title.replace(/ \(node \d+\)$/, "").slice(0, 24)));
    if (n.pool) texts.push(make("text", { class: "fact", y: radius + 18 }, `${n.pool} waiting`));
    return texts;
  }

  choose(ids) {
    this.marked = ids;
    for (const [id, group] of this.groups) {
      group.classList.toggle("chosen", ids.includes(id));
      if (group.hasAttribute("aria-pressed")) group.setAttribute("aria-pressed", String(ids.includes(id)));
    }
  }

  // step shows one event as it comes.
  step(s) {
    if (s.hop) this.dot(s.peer, s.node, s);
    const group = this.groups.get(s.node);
    if (!group) return;
    const lit = s.kind === "judged" && s.verdict === "refused" ? "refused" : s.item.block ? "lit-block" : "lit-tx";
    if (s.kind === "judged" || s.kind === "tip" || s.by === "self") this.light(group, lit, lightTime);
  }

  // light gives an element a class for so many milliseconds.
  light(element, name, time) {
    if (!(time > 0)) return;
    element.classList.add(name);
    const until = (element.until ??= {}), ends = until[name] = performance.now() + time;
    setTimeout(() => until[name] === ends && element.classList.remove(name), time);
  }

  // shape is a dot for a payment and a square for a block, filled when it is the thing itself.
  shape(s) {
    const kind = `dot ${s.item.block ? "block" : "tx"}${s.whole ? "" : " news"}`;
    return s.item.block ? make("rect", { class: kind, x: -6, y: -6, width: 12, height: 12 }) : make("circle", { class: kind, r: s.whole ? 6 : 4 });
  }

  dot(from, to, s) {
    const [p, q] = [this.spots.get(from), this.spots.get(to)];
    if (!p || !q || this.dots.childElementCount >= maxDots) return;
    this.glow(from, to);
    if (still.matches) return;
    const dot = this.shape(s), began = performance.now();
    this.dots.append(dot);
    const move = (now) => {
      const t = Math.min(1, (now - began) / hopTime);
      dot.setAttribute("transform", `translate(${p.x + (q.x - p.x) * t} ${p.y + (q.y - p.y) * t})`);
      if (t < 1) requestAnimationFrame(move);
      else dot.remove();
    };
    requestAnimationFrame(move);
  }

  line(a, b) {
    return this.lines.get(`${a} ${b}`) || this.lines.get(`${b} ${a}`);
  }

  glow(a, b) {
    const line = this.line(a, b);
    if (line) this.light(line, "glow", glowTime);
  }

  // at shows how far an item had come so many milliseconds after its first step.
  at(item, until) {
    this.rest();
    const first = item.steps[0].at;
    for (const s of item.steps) {
      const after = s.at - first;
      if (after > until) break;
      const group = this.groups.get(s.node);
      if (s.hop && s.whole) this.line(s.peer, s.node)?.classList.add("glow");
      if (group && (s.kind === "judged" || s.kind === "tip" || s.by === "self")) group.classList.add("had");
      if (group && s.kind === "heard") group.classList.add("heard");
    }
    for (const s of item.steps) if (s.hop) this.between(item.told(s), s, until, first);
  }

  // between shows a hop that is under way: it ends with what its taker heard, and began when its giver told of it.
  between(told, s, until, first) {
    const end = s.at - first;
    const begin = told ? told.at - first : Math.max(0, end - 1);
    if (until < begin || until > end) return;
    const [p, q] = [this.spots.get(s.peer), this.spots.get(s.node)];
    if (!p || !q) return;
    const t = end > begin ? (until - begin) / (end - begin) : 1, dot = this.shape(s);
    dot.setAttribute("transform", `translate(${p.x + (q.x - p.x) * t} ${p.y + (q.y - p.y) * t})`);
    this.dots.append(dot);
  }

  rest() {
    this.dots.replaceChildren();
    for (const g of this.groups.values()) g.classList.remove("had", "heard");
    for (const l of this.lines.values()) l.classList.remove("glow");
  }
}
