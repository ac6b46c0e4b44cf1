// Reads a multipart/form-data body while it arrives (RFC 7578, RFC 2046 section 5.1), holding no
// more of it than one chunk and the length of the boundary. What the parts mean is not known here.

const HEAD_END = Buffer.from('\r\n\r\n');
const MAX_HEAD = 16 * 1024;

export class Malformed extends Error {}

/** The boundary that a Content-Type names, or null when it is no multipart form. */
export function boundaryOf(contentType) {
    const match = /^multipart\/form-data\s*;.*?\bboundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i
        .exec(contentType ?? '');
    return match ? match[1] ?? match[2] : null;
}

/**
 * `sink` = { begin(part), data(bytes), end() }, each awaited; `part` = { name, filename, type },
 * null where it was not said. Throws Malformed when the body is no such form, or ends too early.
 */
export async function readMultipart(stream, boundary, sink) {
    const reader = new Reader(boundary, sink);
    for await (const chunk of stream) await reader.take(chunk);
    if (reader.state !== 'done') throw new Malformed('the form has no end');
}

class Reader {
    state = 'data';
    #held = Buffer.from('\r\n'); // so that the first boundary looks like all others
    #mark;
    #sink;
    #inPart = false;

    constructor(boundary, sink) {
        this.#mark = Buffer.from(`\r\n--${boundary}`);
        this.#sink = sink;
    }

    async take(chunk) {
        if (this.state === 'done') return;
        this.#held = Buffer.concat([this.#held, chunk]);
        const steps = { data: this.#data, mark: this.#afterMark, head: this.#head };
        while (this.state !== 'done' && await steps[this.state].call(this));
    }

    /** Each step returns whether there may be more to do with what is held. */
    async #data() {
        const at = this.#held.indexOf(this.#mark);
        const end = at < 0 ? Math.max(0, this.#held.length - this.#mark.length + 1) : at;
        if (this.#inPart && end > 0) await this.#sink.data(this.#held.subarray(0, end));
        this.#held = this.#held.subarray(at < 0 ? end : at + this.#mark.length);
        if (at < 0) return false;
        if (this.#inPart) await this.#sink.end();
        this.#inPart = false;
        this.state = 'mark';
        return true;
    }

    /** The line's end stays where it is: it begins the head, which may be empty. */
    #afterMark() {
        if (this.#held.length < 2) return false;
        const next = this.#held.toString('latin1', 0, 2);
        if (next !== '--' && next !== '\r\n') throw new Malformed('a boundary goes on');
        this.state = next === '--' ? 'done' : 'head';
        return true;
    }

    async #head() {
        const at = this.#held.indexOf(HEAD_END);
        if (at > MAX_HEAD || (at < 0 && this.#held.length > MAX_HEAD)) {
            throw new Malformed('a part has too long a head');
        }
        if (at < 0) return false;
        const part = partOf(this.#held.toString('utf8', 2, Math.max(2, at)));
        this.#held = this.#held.subarray(at + HEAD_END.length);
        await this.#sink.begin(part);
        this.#inPart = true;
        this.state = 'data';
        return true;
    }
}

function partOf(head) {
    const valueOf = (name) => new RegExp(`^${name}:\\s*(.*)$`, 'im').exec(head)?.[1].trim() ?? null;
    const disposition = valueOf('content-disposition') ?? '';
    return {
        name: parameterOf(disposition, 'name'),
        filename: encodedOf(disposition, 'filename') ?? parameterOf(disposition, 'filename'),
        type: valueOf('content-type'),
    };
}

/** `name="value"`, in which browsers write a quote as %22 and others as \". */
function parameterOf(text, name) {
    const pattern = `[;\\s]${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]*))`;
    const match = new RegExp(pattern, 'i').exec(text);
    if (!match) return null;
    return match[2] ?? match[1].replace(/\\(.)/g, '$1').replace(/%22/g, '"');
}

/** `name*=UTF-8''value` (RFC 5987). */
function encodedOf(text, name) {
    const match = new RegExp(`[;\\s]${name}\\*=utf-8'[^']*'([^;\\s]*)`, 'i').exec(text);
    if (!match) return null;
    try {
        return decodeURIComponent(match[1]);
    } catch {
        return null;
    }
}
