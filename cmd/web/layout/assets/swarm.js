// A small model of a swarm: a seed and newcomers send pieces, each as fast as its line is. Every sender sends one piece at a
// time; a newcomer takes from several, as far as its own line carries them.

// dice is a seeded source of numbers from 0 up to 1 (mulberry32).
function dice(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// simulate plays one way, and tells when each newcomer had each piece, and from whom (-1: the seed).
export function simulate(lesson, peers) {
  const { nodes, pieces, size, seed, up, down } = lesson;
  const random = dice(7), piece = size / pieces;
  const got = Array.from({ length: nodes }, () => Array.from({ length: pieces }, () => ({ at: Infinity, from: -1 })));
  const has = Array.from({ length: nodes }, () => new Set());
  const coming = Array.from({ length: nodes }, () => new Set());
  const copies = new Array(pieces).fill(0); // there and on their way
  const senders = [{ from: -1, rate: seed, job: null }];
  if (peers && up > 0) for (let n = 0; n < nodes; n++) senders.push({ from: n, rate: up, job: null });
  let now = 0, sent = 0, turn = 0;

  // next is what a sender sends: to whom, the rarest piece that is wanted there.
  const next = (s) => {
    let best = null;
    for (let i = 0; i < nodes; i++) {
      const to = s.from < 0 ? (turn + i) % nodes : i;
      if (to === s.from) continue;
      for (let p = 0; p < pieces; p++) {
        if (has[to].has(p) || coming[to].has(p) || (s.from >= 0 && !has[s.from].has(p))) continue;
        const rank = (peers ? copies[p] : p / pieces) + coming[to].size / 16 + (peers ? random() / 2 : 0) + (s.from < 0 && !peers ? i : 0);
        if (!best || rank < best.rank) best = { to, p, rank, left: piece };
      }
    }
    if (best) {
      coming[best.to].add(best.p);
      copies[best.p]++;
      if (s.from < 0) {
        turn = best.to + 1;
        sent++;
      }
    }
    return best;
  };

  for (let steps = 0; steps < 4 * nodes * pieces + 16; steps++) {
    for (const s of senders) s.job ||= next(s);
    const busy = senders.filter((s) => s.job);
    if (!busy.length) break;
    const wanted = new Array(nodes).fill(0);
    for (const s of busy) wanted[s.job.to] += s.rate;
    let step = Infinity;
    for (const s of busy) {
      s.speed = s.rate * Math.min(1, down / wanted[s.job.to]);
      step = Math.min(step, s.job.left / s.speed);
    }
    now += step;
    for (const s of busy) {
      s.job.left -= step * s.speed;
      if (s.job.left > piece * 1e-9) continue;
      const { to, p } = s.job;
      got[to][p] = { at: now, from: s.from };
      has[to].add(p);
      coming[to].delete(p);
      s.job = null;
    }
  }
  return { got, last: now, copies: sent / pieces };
}
