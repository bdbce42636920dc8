interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** The first `limit` of a list, over as many pages as that takes; `nextCursor` goes on after them. */
export const firstOf = async <T>(
  limit: number,
  mostPerPage: number,
  page: (query: { limit: number; cursor?: string }) => Promise<Page<T>>,
): Promise<Page<T>> => {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const wanted = Math.min(limit - items.length, mostPerPage);
    const next: Page<T> = await page({ limit: wanted, ...(cursor !== null && { cursor }) });
    items.push(...next.items);
    cursor = next.nextCursor;
  } while (cursor !== null && items.length < limit);
  return { items, nextCursor: cursor };
};
