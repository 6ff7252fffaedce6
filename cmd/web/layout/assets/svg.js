// What the modules that draw share.

const svg = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

// make makes an element of a drawing; an attribute that is undefined or null is left out.
export function make(name, attributes, ...children) {
  const e = document.createElementNS(svg, name);
  for (const [k, v] of Object.entries(attributes)) if (v !== undefined && v !== null) e.setAttribute(k, v);
  e.append(...children);
  return e;
}
