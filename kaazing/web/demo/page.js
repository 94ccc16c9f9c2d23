// What all parts of the demo page share.

const LONGEST_LOG = 200; // lines

export const at = (id) => document.getElementById(id);

export const milliseconds = (value) => `${value.toFixed(value < 10 ? 2 : 0)} ms`;

// Add a line to a list: a mark, what kind of line it is, what happened, and more about it.
export function log(list, mark, kind, what, more = "") {
  const line = document.createElement("li");
  for (const [name, text] of [[kind, mark], ["what", what], ["more", more]]) {
    const part = document.createElement("span");
    part.className = name;
    part.textContent = text;
    line.append(part);
  }
  list.append(line);
  while (list.children.length > LONGEST_LOG) list.firstChild.remove();
  list.scrollTop = list.scrollHeight;
}

export function show(element, state, text) {
  element.dataset.state = state;
  element.textContent = text;
}
