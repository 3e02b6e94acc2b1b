// A fake machine that is slowed in stretches, as one is that others use, and scatters each pass.

/** A machine that takes three times as long in every other stretch of passes, and a tenth more or less each time. */
export function sharedMachine(stretch = 7) {
  let [passes, state] = [0, 1];
  return (seconds: number) => async (repetitions: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const load = Math.floor(passes++ / stretch) % 2 === 0 ? 1 : 3;
    return repetitions * seconds * load * (1 + 0.1 * (state / 2 ** 31 - 1));
  };
}
