/* Small comforts on top of pages that work without it: menus close by themselves, times are shown
 * in the reader's zone, secrets can be revealed, texts copied, JSON formatted, and a form that was
 * sent says so. Holds no state and fetches nothing. */
"use strict";

const DAY_MS = 86400000;

/* Menus: one open at a time; Escape and a click elsewhere close it. */
function closeMenus(except) {
    for (const menu of document.querySelectorAll("details.menu[open]"))
        if (menu !== except) menu.open = false;
}

document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest("details.menu[open]");
    closeMenus(null);
    if (menu) menu.querySelector("summary").focus();
});
document.addEventListener("focusin", (event) => closeMenus(event.target.closest("details.menu")));

/* Times: near ones in words, others as a date; the exact time stays in the title. */
function nearWords(seconds) {
    const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
    const size = Math.abs(seconds);
    if (size < 45) return seconds > 0 ? "in a moment" : "just now";
    if (size < 3600) return words.format(Math.round(seconds / 60), "minute");
    if (size < 86400) return words.format(Math.round(seconds / 3600), "hour");
    return words.format(Math.round(seconds / 86400), "day");
}

for (const element of document.querySelectorAll("time[datetime]")) {
    const date = new Date(element.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    const away = date.getTime() - Date.now();
    element.title = date.toLocaleString("en-GB", { dateStyle: "full", timeStyle: "long" });
    element.textContent =
        Math.abs(away) < 7 * DAY_MS
            ? nearWords(Math.round(away / 1000))
            : date.toLocaleDateString("en-GB", { dateStyle: "medium" });
}

/* "Chrome on Linux" instead of a line of version numbers, which stays in the title. */
const BROWSERS = [
    ["Edg", "Edge"],
    ["OPR", "Opera"],
    ["Firefox", "Firefox"],
    ["Chrome", "Chrome"],
    ["Safari", "Safari"],
    ["curl", "curl"],
];
const SYSTEMS = [
    ["Windows", "Windows"],
    ["iPhone", "iPhone"],
    ["iPad", "iPad"],
    ["Android", "Android"],
    ["Mac OS X", "Mac"],
    ["CrOS", "ChromeOS"],
    ["Linux", "Linux"],
];

for (const element of document.querySelectorAll("[data-agent]")) {
    const agent = element.textContent;
    const name = (table) => table.find(([mark]) => agent.includes(mark))?.[1];
    const browser = name(BROWSERS);
    const system = name(SYSTEMS);
    if (agent === "") element.textContent = "Unknown browser";
    if (!browser) continue;
    element.title = agent;
    element.textContent = system ? `${browser} on ${system}` : browser;
}

/* Buttons that only make sense with this script are hidden until now. */
function control(selector, run) {
    for (const button of document.querySelectorAll(selector)) {
        button.hidden = false;
        button.addEventListener("click", () => run(button));
    }
}

function flash(button, text) {
    const before = button.textContent;
    button.textContent = text;
    setTimeout(() => (button.textContent = before), 2000);
}

function selectAll(element) {
    if (element.select) element.select();
    else getSelection().selectAllChildren(element);
}

control("[data-reveal]", (button) => {
    const input = document.getElementById(button.dataset.reveal);
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.textContent = shown ? "Hide" : "Show";
    button.setAttribute("aria-pressed", String(shown));
    input.focus();
});

control("[data-copy]", async (button) => {
    const source = document.getElementById(button.dataset.copy);
    try {
        await navigator.clipboard.writeText(source.value ?? source.textContent);
        flash(button, "Copied");
    } catch {
        selectAll(source); /* no permission, or not https: ready for Ctrl-C */
        flash(button, "Press Ctrl-C");
    }
});

control("[data-format]", (button) => {
    const area = document.getElementById(button.dataset.format);
    if (area.value.trim() === "") return;
    try {
        area.value = JSON.stringify(JSON.parse(area.value), null, 2);
        flash(button, "Formatted");
    } catch {
        flash(button, "Not valid JSON");
        area.focus();
    }
});

control("[data-back]", () => history.back());

/* A sent form: its button says what is going on, and a second press does nothing. */
document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) {
        event.preventDefault();
        return;
    }
    if (form.method !== "post") return;
    form.dataset.sent = "yes";
    const button = event.submitter;
    if (!button || !button.dataset.pending) return;
    button.dataset.before = button.textContent;
    button.textContent = button.dataset.pending;
    button.setAttribute("aria-busy", "true");
});

addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    for (const button of document.querySelectorAll("[aria-busy]")) {
        button.textContent = button.dataset.before;
        button.removeAttribute("aria-busy");
    }
});

/* After a failed form, start at the first field to correct. */
document.querySelector("[aria-invalid='true']")?.focus();

/* The current tab, when the tabs do not fit the window. */
const tab = document.querySelector(".tabs [aria-current]");
tab?.scrollIntoView({ block: "nearest", inline: "nearest" });
