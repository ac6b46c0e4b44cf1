/* Selects of an action's form whose options come from Jira: looked up again when an input that they
 * depend on changes, or when somebody types into their search. Without this script the button
 * "Load options" does the same. */
"use strict";

for (const form of document.querySelectorAll("form[data-options]")) {
    const selects = [...form.querySelectorAll("select[data-from]")];
    let newest = 0;
    for (const button of form.querySelectorAll("[data-load]")) button.hidden = true;

    /* What is entered so far, by the inputs' ids. */
    function entered() {
        const inputs = {};
        for (const element of form.elements) {
            if (element.name.startsWith("i:")) {
                inputs[element.name.slice(2)] =
                    element.type === "checkbox" ? element.checked : element.value;
            }
            const box = /^m\d+:(.*)$/.exec(element.name);
            if (box && element.checked) (inputs[box[1]] ??= []).push(element.value);
        }
        return inputs;
    }

    function typed() {
        const search = {};
        for (const input of form.querySelectorAll("input[data-search]"))
            search[input.dataset.search] = input.value;
        return search;
    }

    function fill(select, field) {
        const before = select.value;
        select.length = 1; /* the first says that nothing is chosen */
        for (const option of field.options) select.add(new Option(option.label, option.value));
        select.value = before;
        if (select.selectedIndex < 0) select.selectedIndex = 0;
        const hint = select.parentElement.querySelector("[data-first]");
        if (hint) hint.hidden = field.first === null;
    }

    async function load() {
        const mine = (newest += 1);
        for (const select of selects) select.setAttribute("aria-busy", "true");
        try {
            const answer = await fetch(`/api/v1${form.dataset.options}`, {
                method: "POST",
                headers: {
                    accept: "application/json",
                    "content-type": "application/json",
                    "x-csrf-token": form.elements._csrf.value,
                },
                body: JSON.stringify({ inputs: entered(), search: typed() }),
            });
            if (!answer.ok || mine !== newest) return;
            const { fields } = await answer.json();
            for (const select of selects) {
                const field = fields.find((each) => each.id === select.dataset.from);
                if (field) fill(select, field);
            }
        } catch {
            for (const button of form.querySelectorAll("[data-load]")) button.hidden = false;
        } finally {
            if (mine === newest) for (const select of selects) select.removeAttribute("aria-busy");
        }
    }

    form.addEventListener("change", (event) => {
        const id = event.target.name?.replace(/^(i|m\d+):/, "");
        if (selects.some((select) => select.dataset.depends.split(" ").includes(id))) load();
    });
    let pause;
    form.addEventListener("input", (event) => {
        if (!event.target.dataset.search) return;
        clearTimeout(pause);
        pause = setTimeout(load, 250);
    });
    form.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && event.target.dataset.search) {
            event.preventDefault();
            load();
        }
    });
}
