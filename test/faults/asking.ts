import type { Slot } from './fleet.js';
import type { Asked } from './world.js';

/** What was promised: this deletion was accepted under this id, after so many tries. */
export interface Accepted {
  readonly asked: Asked;
  readonly id: string;
  readonly tries: number;
}

export interface AskingFacts {
  /** How often the API gave each status; `none` where there was no answer. */
  readonly statuses: Map<string, number>;
  /** Answers that no client should see. */
  readonly wrong: string[];
}

/** Long enough for a busy machine: clients that give up too soon are what keeps it busy. */
const TRY_MS = 20_000;
const LONGEST_WAIT_MS = 5_000;
const GIVE_UP_MS = 400_000;

/**
 * Asks as a careful client does: one Idempotency-Key for the request, sent again, to the other API, until there is an
 * answer. Some are sent to both at once: the key must make one deletion of them.
 */
export const askUntilAccepted = async (
  apis: readonly Slot[],
  adminKey: string,
  asked: Asked,
  {
    first,
    twice,
    giveUpMs = GIVE_UP_MS,
  }: { readonly first: number; readonly twice: boolean; readonly giveUpMs?: number },
  facts: AskingFacts,
): Promise<Accepted | null> => {
  const deadline = Date.now() + giveUpMs;
  for (let tries = 1; ; tries += 1) {
    const urls = twice ? apis.map(({ url }) => url) : [apis[(first + tries) % apis.length]?.url ?? ''];
    const ids = await Promise.all(urls.map((url) => tryOnce(url, adminKey, asked, facts)));
    const known = [...new Set(ids.filter((id) => id !== null))];
    if (known.length > 1) facts.wrong.push(`${asked.key}: one key led to ${known.join(' and ')}`);
    const [id] = known;
    if (id !== undefined) return { asked, id, tries };
    if (Date.now() > deadline) {
      facts.wrong.push(`${asked.key} was not accepted in ${giveUpMs / 1000} s and ${tries} tries`);
      return null;
    }
    // The client's own back-off.
    await new Promise((done) =>
      setTimeout(done, Math.min(LONGEST_WAIT_MS, 100 * 2 ** Math.min(tries, 10)) * (0.5 + Math.random() / 2)),
    );
  }
};

const tryOnce = async (
  url: string,
  key: string,
  asked: Asked,
  facts: AskingFacts,
): Promise<string | null> => {
  const note = (status: string) => facts.statuses.set(status, (facts.statuses.get(status) ?? 0) + 1);
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(`${url}/v1/deletions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'idempotency-key': asked.key,
        prefer: 'respond-async',
      },
      body: JSON.stringify({
        registry: 'prod',
        repository: asked.repository,
        references: asked.references,
        siblings: asked.siblings,
        reason: 'a fault run',
      }),
      signal: AbortSignal.timeout(TRY_MS),
    });
    text = await answer.text();
  } catch {
    note('none');
    return null;
  }
  note(String(answer.status));
  const id = answer.headers.get('location')?.split('/').at(-1) ?? null;
  if (answer.status === 202 || (answer.status === 409 && asked.state === 'refused')) return id;
  // 503 is what a client may be told while something that Sexton needs is away.
  if (answer.status !== 503) facts.wrong.push(`${asked.key}: ${answer.status} ${text.slice(0, 300)}`);
  return null;
};
