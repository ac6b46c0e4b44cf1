// The simulator's clock: the machine's, moved by what the control says. One for the whole
// process; the state file keeps how far it was moved (`clock.offset`, in milliseconds).

let offset = 0;

/** Milliseconds since 1970, as everything here takes the time. */
export function timeNow() {
    return Date.now() + offset;
}

/** Sets the clock by a state that was just read, or changed. */
export function setClock(data) {
    offset = data.clock.offset;
}
