// JQL as text into a tree:
//   { or: [..] } { and: [..] } { not: x } { field, op, values: [{ text } | { call, args }] }
// and the ORDER BY part as [{ field, descending }].

export class JqlError extends Error {
    constructor(textId, ...values) {
        super(`${textId}: ${values.join(', ')}`);
        this.textId = textId;
        this.values = values;
    }
}

// A quoted text, a symbol or a word, after white space.
const QUOTED = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/.source;
const SYMBOL = /!=|!~|>=|<=|[=~<>!(),]/.source;
const WORD = /[^\s"'=~<>!(),]+/.source;
const TOKEN = new RegExp(`\\s*(?:(${QUOTED})|(${SYMBOL})|(${WORD}))`, 'y');

function tokenize(text) {
    const tokens = [];
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.length) {
        const at = TOKEN.lastIndex;
        const match = TOKEN.exec(text);
        if (!match) {
            if (text.slice(at).trim() === '') break;
            throw new JqlError('jql_syntax', 'a valid token', text.slice(at).trim()[0], at + 1);
        }
        const [, quoted, symbol, word] = match;
        const value = quoted ? quoted.slice(1, -1).replace(/\\(.)/g, '$1') : symbol ?? word;
        const kind = quoted !== undefined ? 'quoted' : symbol !== undefined ? 'symbol' : 'word';
        tokens.push({ kind, text: value, at: TOKEN.lastIndex - value.length + 1 });
    }
    return tokens;
}

/** Returns { where, order }; `where` is null when there is no restriction. */
export function parseJql(text) {
    const parser = new Parser(tokenize(text));
    const where = parser.done() || parser.isWord('order') ? null : parser.readOr();
    const order = parser.readOrder();
    if (!parser.done()) parser.fail("either 'OR' or 'AND'");
    return { where, order };
}

class Parser {
    #tokens;
    #next = 0;

    constructor(tokens) {
        this.#tokens = tokens;
    }

    done() {
        return this.#next >= this.#tokens.length;
    }

    #peek() {
        return this.#tokens[this.#next];
    }

    isWord(word) {
        const token = this.#peek();
        return token?.kind === 'word' && token.text.toLowerCase() === word;
    }

    #isSymbol(symbol) {
        const token = this.#peek();
        return token?.kind === 'symbol' && token.text === symbol;
    }

    #takeWord(word) {
        if (!this.isWord(word)) return false;
        this.#next += 1;
        return true;
    }

    #takeSymbol(symbol) {
        if (!this.#isSymbol(symbol)) return false;
        this.#next += 1;
        return true;
    }

    fail(expected) {
        const token = this.#peek();
        throw new JqlError('jql_syntax', expected, token?.text ?? 'end of input', token?.at ?? 1);
    }

    readOr() {
        const parts = [this.#readAnd()];
        while (this.#takeWord('or')) parts.push(this.#readAnd());
        return parts.length === 1 ? parts[0] : { or: parts };
    }

    #readAnd() {
        const parts = [this.#readNot()];
        while (this.#takeWord('and')) parts.push(this.#readNot());
        return parts.length === 1 ? parts[0] : { and: parts };
    }

    #readNot() {
        if (this.#takeWord('not') || this.#takeSymbol('!')) return { not: this.#readNot() };
        if (!this.#takeSymbol('(')) return this.#readClause();
        const inner = this.readOr();
        if (!this.#takeSymbol(')')) this.fail("')'");
        return inner;
    }

    #readClause() {
        const field = this.#readName('a field');
        const op = this.#readOperator();
        const values = op === 'in' || op === 'not in'
            ? this.#readList() : [this.#readValue()];
        return { field, op, values };
    }

    #readName(expected) {
        const token = this.#peek();
        if (!token || token.kind === 'symbol') this.fail(expected);
        this.#next += 1;
        return token.text;
    }

    #readOperator() {
        for (const symbol of ['=', '!=', '~', '!~', '>=', '<=', '>', '<']) {
            if (this.#takeSymbol(symbol)) return symbol;
        }
        if (this.#takeWord('in')) return 'in';
        if (this.#takeWord('is')) return this.#takeWord('not') ? '!=' : '=';
        if (this.#takeWord('not')) {
            if (this.#takeWord('in')) return 'not in';
            this.fail("'IN'");
        }
        return this.fail("an operator ('=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'IS')");
    }

    #readList() {
        if (!this.#isSymbol('(')) return [this.#readValue()];
        this.#takeSymbol('(');
        const values = [this.#readValue()];
        while (this.#takeSymbol(',')) values.push(this.#readValue());
        if (!this.#takeSymbol(')')) this.fail("')' or ','");
        return values;
    }

    #readValue() {
        const isQuoted = this.#peek()?.kind === 'quoted';
        const text = this.#readName('a value, list or function');
        if (!isQuoted && this.#takeSymbol('(')) return this.#readCall(text);
        const isEmpty = !isQuoted && ['empty', 'null'].includes(text.toLowerCase());
        return isEmpty ? { empty: true } : { text };
    }

    #readCall(call) {
        const args = [];
        while (!this.#takeSymbol(')')) {
            args.push(this.#readName('an argument'));
            if (!this.#takeSymbol(',') && !this.#isSymbol(')')) this.fail("')' or ','");
        }
        return { call, args };
    }

    readOrder() {
        if (!this.#takeWord('order')) return [];
        if (!this.#takeWord('by')) this.fail("'BY'");
        const order = [];
        do {
            const field = this.#readName('a field');
            const descending = this.#takeWord('desc');
            if (!descending) this.#takeWord('asc');
            order.push({ field, descending });
        } while (this.#takeSymbol(','));
        return order;
    }
}
