/* The page of a run that goes on: how far it is, once a second; the whole page anew when it has ended.
 * Without this script the page reloads itself. */
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

setTimeout(look, 1000);
