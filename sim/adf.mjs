// The Atlassian Document Format: check, make from text, and turn into text. Only as much as
// the simulator needs: block and inline nodes by name, and the rules that clients trip over.

const BLOCKS = new Set(['paragraph', 'heading', 'bulletList', 'orderedList', 'listItem', 'rule',
    'codeBlock', 'blockquote', 'panel', 'table', 'tableRow', 'tableCell', 'tableHeader',
    'mediaSingle', 'mediaGroup', 'media', 'expand', 'nestedExpand', 'taskList', 'taskItem',
    'decisionList', 'decisionItem', 'blockCard', 'embedCard', 'layoutSection', 'layoutColumn']);
const INLINES = new Set(['text', 'hardBreak', 'mention', 'emoji', 'inlineCard', 'date', 'status',
    'mediaInline']);
const HOLDS_INLINES = new Set(['paragraph', 'heading', 'codeBlock', 'taskItem', 'decisionItem']);

/** True for an object that claims to be a document; everything else is "not a document". */
export function isDocument(value) {
    return value !== null && typeof value === 'object' && value.type === 'doc';
}

/** Whether a claimed document keeps the format's rules. */
export function isValidAdf(doc) {
    return isDocument(doc) && doc.version === 1 && Array.isArray(doc.content) &&
        doc.content.every((node) => BLOCKS.has(node?.type) && isValidNode(node));
}

function isValidNode(node) {
    if (node === null || typeof node !== 'object') return false;
    if (node.type === 'text') return typeof node.text === 'string' && node.text.length > 0;
    if (!BLOCKS.has(node.type) && !INLINES.has(node.type)) return false;
    if (node.content === undefined) return true;
    if (!Array.isArray(node.content)) return false;
    const allowed = HOLDS_INLINES.has(node.type) ? INLINES : BLOCKS;
    return node.content.every((child) => allowed.has(child?.type) && isValidNode(child));
}

export function textToAdf(text) {
    const content = text.split(/\r?\n\r?\n/).map((paragraph) => {
        const inlines = paragraph.split(/\r?\n/).flatMap((line, index) => [
            ...(index ? [{ type: 'hardBreak' }] : []),
            ...(line ? [{ type: 'text', text: line }] : []),
        ]);
        return inlines.length ? { type: 'paragraph', content: inlines } : { type: 'paragraph' };
    });
    return { type: 'doc', version: 1, content };
}

export function adfToText(node) {
    if (!node) return '';
    if (node.type === 'text') return node.text;
    if (node.type === 'hardBreak') return '\n';
    if (node.type === 'mention' || node.type === 'emoji') return node.attrs?.text ?? '';
    const between = node.type === 'doc' ? '\n\n'
        : HOLDS_INLINES.has(node.type) ? '' : '\n';
    return (node.content ?? []).map(adfToText).join(between);
}
