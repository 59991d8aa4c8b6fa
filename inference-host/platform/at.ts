/**
 * The item at `index` of a list that is known to reach that far. The call states this, and finds out where it is wrong.
 * @throws RangeError where nothing is there.
 */
export function at<Item>(list: ArrayLike<Item>, index: number): Item {
  const item = list[index]
  if (item === undefined) throw new RangeError(`nothing at ${index} of ${list.length}`)
  return item
}
