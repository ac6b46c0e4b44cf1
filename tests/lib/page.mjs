// Reads our own pages as a person would: text, forms with what stands in them, notices. Enough
// HTML for templates that we write ourselves; no general parser.

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'", '#x2F': '/',
  '#x60': '`', '#x3D': '=' };

export function unescape(text) {
  return text.replace(/&(\w+|#\w+);/g, (all, name) => ENTITIES[name]
    ?? (/^#\d+$/.test(name) ? String.fromCodePoint(Number(name.slice(1))) : all));
}

function attributes(tag) {
  const found = {};
  const rest = tag.replace(/^<\/?\w+/, '');
  for (const [, name, value] of rest.matchAll(/([\w-]+)(?:="([^"]*)")?/g))
    found[name] ??= value === undefined ? true : unescape(value);
  return found;
}

// What can be read on the page, without tags.
export function textOf(html) {
  const body = html.replace(/^[^]*?<main\b/, '<main').replace(/<(script|style)\b[^]*?<\/\1>/g, '');
  return unescape(body.replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ').trim();
}

export function titleOf(html) {
  return unescape((html.match(/<title>([^]*?)<\/title>/) ?? ['', ''])[1]);
}

function alertsOf(html, kind) {
  const all = html.matchAll(new RegExp(`<div class="alert ${kind}"[^>]*>([^]*?)</div>`, 'g'));
  return [...all].map(([, inner]) => textOf(`<main>${inner}`));
}

export const noticesOf = (html) => alertsOf(html, 'good');
export const problemsOf = (html) => alertsOf(html, 'bad');

// The message beside a field, or undefined.
export function fieldError(html, field) {
  const match = html.match(new RegExp(`<p class="error" id="${field}-error">([^]*?)</p>`));
  return match ? unescape(match[1]) : undefined;
}

// [{method, action, values: what a browser would send untouched, names: all that can be filled in}]
export function formsOf(html) {
  return [...html.matchAll(/<form\b[^>]*>[^]*?<\/form>/g)].map(([source]) => {
    const head = attributes(source.match(/^<form\b[^>]*>/)[0]);
    const form = { method: (head.method ?? 'get').toUpperCase(), action: head.action ?? '',
      values: {}, names: new Set() };
    for (const [tag] of source.matchAll(/<input\b[^>]*>/g)) readInput(form, attributes(tag));
    for (const [, tag, text] of source.matchAll(/(<textarea\b[^>]*>)([^]*?)<\/textarea>/g))
      set(form, attributes(tag), unescape(text.replace(/^\n/, '')));
    for (const [, tag, inner] of source.matchAll(/(<select\b[^>]*>)([^]*?)<\/select>/g))
      set(form, attributes(tag), chosen(inner));
    return form;
  });
}

function set(form, { name, disabled }, value) {
  if (!name || disabled) return;
  form.names.add(name);
  form.values[name] = value;
}

function readInput(form, a) {
  if (a.type === 'checkbox' || a.type === 'radio') {
    if (a.name && !a.disabled) form.names.add(a.name);
    if (a.checked) set(form, a, a.value ?? 'on');
  } else set(form, a, a.value === true ? '' : a.value ?? '');
}

function chosen(inner) {
  const options = [...inner.matchAll(/(<option\b[^>]*>)([^<]*)/g)].map(([, tag, text]) => {
    const a = attributes(tag);
    return { value: a.value === true ? '' : a.value ?? unescape(text).trim(), selected: a.selected };
  });
  return (options.find((o) => o.selected) ?? options[0])?.value ?? '';
}
