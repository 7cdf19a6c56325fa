// Makes elements without innerHTML, so text from calls can never become markup.

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// Writes only what changed: screen readers and layout are left in peace.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
