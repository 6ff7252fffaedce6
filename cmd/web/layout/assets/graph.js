// The drawing: SVG, made anew when the network has changed, lit when something travels. The same network gives the
// same drawing.

import { make } from "./svg.js";

const still = window.matchMedia("(prefers-reduced-motion: reduce)");
const narrow = window.matchMedia("(max-width: 40rem)");
const hopTime = 420; // milliseconds that a dot takes along a line, where it is shown live
const maxDots = 80;

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

  // spotsOf puts members on a circle, the first on top, and each stranger outside by whoever it is connected to.
  spotsOf(picture) {
    const members = picture.nodes.filter((n) => !n.stranger), others = picture.nodes.filter((n) => n.stranger);
    const [w, h, rx, ry] = narrow.matches ? [420, 460, 165, 180] : [900, 610, 340, 235];
    const spots = new Map(), inner = others.length ? 0.78 : 1;
    this.place.setAttribute("viewBox", `0 0 ${w} ${h}`);
    const put = (list, share, shift) => list.forEach((n, i) => {
      const a = 2 * Math.PI * (i + shift) / list.length - Math.PI / 2;
      spots.set(n.id, { x: w / 2 + share * rx * Math.cos(a), y: h / 2 - 5 + share * ry * Math.sin(a) });
    });
    put(members, members.length === 1 ? 0 : inner, 0);
    put(others, 1.1, 0.5);
    return spots;
  }

  draw(picture) {
    this.picture = picture;
    this.spots = this.spotsOf(picture);
    const focused = document.activeElement?.dataset?.node;
    this.drawLinks(picture.links || []);
    this.drawNodes(picture.nodes);
    if (focused !== undefined) this.groups.get(focused)?.focus();
    this.choose(this.marked || []);
  }

  drawLinks(links) {
    this.lines.clear();
    this.links.replaceChildren(...links.map((l) => {
      const [p, q] = [this.spots.get(l.a), this.spots.get(l.b)];
      if (!p || !q) return make("g", {});
      const cut = l.cut_ab || l.cut_ba, shape = l.ab === l.ba ? l.ab : [l.ab && `→ ${l.ab}`, l.ba && `← ${l.ba}`].filter(Boolean).join(" ");
      const line = make("line", { class: `link${cut ? " cut" : l.connected ? "" : " idle"}${!cut && shape ? " shaped" : ""}`, x1: p.x, y1: p.y, x2: q.x, y2: q.y });
      this.lines.set(`${l.a} ${l.b}`, line);
      const words = cut ? (l.cut_ab && l.cut_ba ? "✕ cut" : `✕ ${l.cut_ab ? `${l.a} → ${l.b}` : `${l.b} → ${l.a}`}`) : shape || (l.ping >= 5 ? `${l.ping.toFixed(0)} ms` : "");
      const group = make("g", { role: "img", "aria-label": `${l.a} and ${l.b}: ${cut ? "cut" : l.connected ? "connected" : "not connected"}${shape ? `, ${shape}` : ""}` }, line);
      if (words) group.append(make("text", { class: `on-link${cut ? " bad" : ""}`, x: p.x + (q.x - p.x) * 0.42, y: p.y + (q.y - p.y) * 0.42 - 6 }, words));
      return group;
    }));
  }

  drawNodes(nodes) {
    const best = Math.max(0, ...nodes.filter((n) => !n.stranger).map((n) => n.height));
    this.groups.clear();
    const many = nodes.length > 24, radius = Math.max(5, Math.min(27, 700 / nodes.length));
    this.nodes.replaceChildren(...nodes.map((n) => {
      const spot = this.spots.get(n.id), behind = !n.stranger && !n.down && n.height < best;
      const state = n.down ? "down" : n.stranger ? "a peer that is not of the network" : `block ${n.height}, ${n.pool} in the pool${behind ? ", behind" : ""}`;
      const group = make("g", { class: `node${n.down ? " down" : ""}${n.stranger ? " stranger" : ""}${behind ? " behind" : ""}`, transform: `translate(${spot.x} ${spot.y})`, "data-node": n.id },
        make("circle", { class: "halo", r: radius + 8 }), make("circle", { class: "body", r: n.stranger ? radius * 0.7 : radius }),
        make("text", { class: radius < 12 ? "fact" : "name", y: many || n.stranger ? 5 : -1 }, n.stranger ? "peer" : radius < 8 ? "" : n.id), ...this.under(n, many, radius));
      if (n.stranger) group.setAttribute("aria-label", `${n.title}: ${state}`), group.setAttribute("role", "img");
      else {
        group.setAttribute("role", "button");
        group.setAttribute("tabindex", "0");
        group.setAttribute("aria-pressed", "false");
        group.setAttribute("aria-label", `${n.title}: ${state}`);
        group.addEventListener("click", () => this.chosen(n.id));
        group.addEventListener("keydown", (e) => {
          if (e.key === "Enter" || e.key === " ") {
            e.preventDefault();
            this.chosen(n.id);
          }
        });
      }
      this.groups.set(n.id, group);
      return group;
    }));
  }

  under(n, many, radius) {
    if (n.stranger) return [make("text", { class: "fact", y: radius + 10 }, n.title.slice(0, 28))];
    if (n.down) return [make("text", { class: "fact bad", y: radius + 18 }, "✕ down")];
    if (many) return [];
    const texts = [make("text", { class: "height", y: 14 }, `${n.height}`)];
    if (n.title !== `node ${n.id}`) texts.push(make("text", { class: "fact", y: -radius - 12 }, n.title.replace(/ \(node \d+\)$/, "").slice(0, 24)));
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
    if (s.kind === "judged" || s.kind === "tip" || s.by === "self") this.light(group, lit);
  }

  light(group, name) {
    group.classList.add(name);
    clearTimeout(group[name]);
    group[name] = setTimeout(() => group.classList.remove(name), 1600);
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
    if (!line) return;
    line.classList.add("glow");
    clearTimeout(line.glow);
    line.glow = setTimeout(() => line.classList.remove("glow"), 900);
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
    for (const s of item.steps.filter((s) => s.hop)) this.between(item, s, until, first);
  }

  // between shows a hop that is under way: it ends with what its taker heard, and began when its giver told of it.
  between(item, s, until, first) {
    const end = s.at - first;
    const told = item.steps.filter((x) => x.kind === "relayed" && x.node === s.peer && x.peer === s.node && x.by === s.by && x.at <= s.at).pop();
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
