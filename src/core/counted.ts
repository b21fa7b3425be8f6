/** `1 stream`, `2 streams`. @param noun in the singular, whose plural is formed with s */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
