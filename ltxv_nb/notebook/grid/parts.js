// What the parts of a grid are made of. Texts from outside become text nodes and attributes, never HTML.

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  play: "M7 4.5v15l13-7.5z",
  pause: "M6 4.5h4.5v15H6zM13.5 4.5H18v15h-4.5z",
  back: "M6 5h2.5v14H6zM20 5v14l-10.5-7z",
  next: "M15.5 5H18v14h-2.5zM4 5l10.5 7L4 19z",
  loop: "M7 7h9.5V4l5 4.5-5 4.5v-3H9.5v3H7zM17 17H7.5v3l-5-4.5 5-4.5v3h7v-3H17z",
  sound: "M3 9v6h4l6 5V4L7 9zM16 7.5a6 6 0 0 1 0 9l1.3 1.5a8 8 0 0 0 0-12z",
  silent: "M3 9v6h4l6 5V4L7 9zM15.5 9.4 17 8l2.5 2.6L22 8l1.4 1.4L20.9 12l2.5 2.6L22 16l-2.5-2.6L17 16l-1.5-1.4 2.5-2.6z",
  enlarge: "M4 4h7v2.5H8.3l4 4-1.8 1.8-4-4V11H4zM20 20h-7v-2.5h2.7l-4-4 1.8-1.8 4 4V13H20z",
  swap: "M4 8.5 8.5 4v3H20v3H8.5v3zM20 16l-4.5-4.5v3H4v3h11.5v3z",
  cross: "M6.3 4.5 12 10.2l5.7-5.7 1.8 1.8-5.7 5.7 5.7 5.7-1.8 1.8-5.7-5.7-5.7 5.7-1.8-1.8 5.7-5.7-5.7-5.7z",
  tag: "M3 3h8.5l9.5 9.5-8.5 8.5L3 11.5zM7.5 6a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2z",
};

/** Return an element with these properties, attributes (those with a dash, and `role`) and children. */
function make(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") made.setAttribute(name, value);
    else if (name === "data") Object.assign(made.dataset, value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Return an icon, which says nothing to a screen reader. */
function icon(name) {
  const made = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  made.setAttribute("viewBox", "0 0 24 24");
  made.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  made.append(path);
  return made;
}

/** Return a button with an icon; its words are its name and its tooltip. */
function iconButton(name, words, action, properties = {}) {
  const made = make("button", { type: "button", className: "ltxv-g-icon", title: words, ...properties }, icon(name));
  made.setAttribute("aria-label", words.replace(/ \([^)]*\)$/, ""));
  made.addEventListener("click", action);
  return made;
}

/** Show another icon and other words on a button. */
function relabel(button, name, words) {
  if (button.title === words && button.dataset.icon === name) return;
  button.dataset.icon = name;
  button.title = words;
  button.setAttribute("aria-label", words.replace(/ \([^)]*\)$/, ""));
  button.replaceChildren(icon(name));
}

/** Return a button with words on it. */
function wordButton(words, title, action, className = "ltxv-g-button") {
  const made = make("button", { type: "button", className, title }, words);
  made.addEventListener("click", action);
  return made;
}

const clock = (seconds) => `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;

const starWords = (stars) => (stars === 1 ? "1 star" : `${stars} stars`);
