// The frame of every page, and escaping. The pages are plain on purpose, and say what they are.

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; }
header { background: #0b3d91; color: #fff; padding: .6rem 1.2rem; display: flex; gap: 1rem;
  flex-wrap: wrap; align-items: center; }
header a { color: #fff; }
header button { margin: 0 0 0 .4rem; }
header strong { margin-right: auto; }
main { max-width: 60rem; margin: 1.5rem auto; padding: 0 1.2rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid #8886;
  vertical-align: top; overflow-wrap: anywhere; }
label { display: block; margin: .6rem 0 .2rem; }
label.tick { display: inline-block; margin: .1rem 1rem .1rem 0; }
input:not([type=checkbox]):not([type=radio]), select { font: inherit; padding: .35rem .5rem;
  min-width: 18rem; max-width: 100%; box-sizing: border-box; }
button { font: inherit; padding: .4rem .9rem; margin: .6rem .4rem 0 0; }
code { overflow-wrap: anywhere; }
fieldset { margin: 1rem 0; border: 1px solid #8886; }
.notice { border-left: 4px solid #0b3d91; background: #0b3d9118; padding: .6rem 1rem; }
.error { border-left-color: #b3261e; background: #b3261e18; }
`;

export function escape(text) {
    const map = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
    return String(text).replace(/[&<>"']/g, (character) => map[character]);
}

/**
 * A whole page. `person` is who is signed in, or null; `nav` is HTML, `main` is HTML; `back` is
 * the path to go on with after logging out.
 */
export function page({ title, main, nav = '', person = null, csrf = '', back = '' }) {
    const who = person === null ? '' : `<form method="post" action="logout">
${csrfField(csrf)}<input type="hidden" name="continue" value="${escape(back)}">
${escape(person.name)} <button>Log out</button></form>`;
    return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)} - simulated Atlassian</title><style>${STYLE}</style></head>
<body><header><strong>simulated Atlassian</strong>${nav}${who}</header>
<main><h1>${escape(title)}</h1>
${main}
</main></body></html>
`;
}

export function csrfField(csrf) {
    return `<input type="hidden" name="csrf" value="${escape(csrf)}">`;
}

/** A tick box for each scope, those in `ticked` ticked. */
export function scopeTicks(scopes, ticked = []) {
    return scopes.map((scope) => `<label class="tick"><input type="checkbox" name="scope"
value="${scope}"${ticked.includes(scope) ? ' checked' : ''}> ${scope}</label>`).join('');
}

export function notice(text, kind = '') {
    return text ? `<p class="notice ${kind}" role="status">${escape(text)}</p>` : '';
}

/** What Atlassian shows for a host that is no site. */
export function unavailablePage() {
    return page({
        title: 'Page unavailable',
        main: '<p>Your Atlassian Cloud site is currently unavailable, or there is no site with ' +
            'this name. Please check the address.</p>',
    });
}
