/* The page of a run. While it goes on: how far it is, once a second, and the whole page anew when it has
 * ended. Several outputs: one at a time, switched by tabs. Without this script the page reloads
 * itself, and the outputs stand one below the other. */
"use strict";

const box = document.querySelector("[data-run]");

async function look() {
    let run = null;
    try {
        const answer = await fetch(`/api/v1${box.dataset.run}`, {
            headers: { accept: "application/json" },
        });
        if (answer.ok) ({ run } = await answer.json());
        else if (answer.status < 500) location.reload();
    } catch {
        /* away for a moment */
    }
    if (run && run.status !== "running") {
        location.reload();
        return;
    }
    if (run) {
        const { done, planned } = run.calls;
        const bar = box.querySelector("progress");
        bar.max = planned;
        bar.value = done;
        box.querySelector("label").textContent = `${done} of ${planned} calls so far`;
    }
    setTimeout(look, 1000);
}

if (box) setTimeout(look, 1000);

/* ARIA Authoring Practices, "Tabs": arrows, Home and End move, and what is moved to is shown. */
for (const holder of document.querySelectorAll("[data-tabs]")) {
    const panels = [...holder.querySelectorAll(":scope > .output")];
    const list = document.createElement("div");
    list.className = "output-tabs";
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-label", holder.dataset.tabs);
    const tabs = panels.map((panel) => {
        const tab = document.createElement("button");
        tab.type = "button";
        tab.id = `tab-${panel.id}`;
        tab.className = "button quiet";
        tab.textContent = panel.getAttribute("aria-label");
        tab.setAttribute("role", "tab");
        tab.setAttribute("aria-controls", panel.id);
        panel.setAttribute("role", "tabpanel");
        list.append(tab);
        return tab;
    });

    function show(index) {
        tabs.forEach((tab, i) => {
            tab.setAttribute("aria-selected", String(i === index));
            tab.tabIndex = i === index ? 0 : -1;
            panels[i].hidden = i !== index;
        });
    }

    const MOVES = {
        ArrowRight: (i) => (i + 1) % tabs.length,
        ArrowLeft: (i) => (i + tabs.length - 1) % tabs.length,
        Home: () => 0,
        End: () => tabs.length - 1,
    };
    list.addEventListener("click", (event) => {
        const index = tabs.indexOf(event.target);
        if (index >= 0) show(index);
    });
    list.addEventListener("keydown", (event) => {
        const move = MOVES[event.key];
        if (!move) return;
        event.preventDefault();
        const index = move(tabs.indexOf(event.target));
        show(index);
        tabs[index].focus();
    });
    holder.prepend(list);
    show(0);
}
