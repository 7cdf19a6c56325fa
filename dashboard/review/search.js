// Finds moments in lists that are in the order of time, fast enough to be asked on every frame of a call of hours.

// The index of the last item whose time is not after `time`, or -1.
export function lastUpTo(items, time, timeOf) {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timeOf(items[middle]) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
