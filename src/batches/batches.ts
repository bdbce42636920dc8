interface Waiting<Asked, Answer> {
  readonly asked: Asked;
  readonly resolve: (answer: Answer | Promise<Answer>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Does together what many ask for at one moment, so that they share a round trip and what it costs on both sides. What is
 * asked for goes with the next batch: never with one that has begun, whose answer may be older than the question.
 */
export class Batches<Asked, Answer> {
  readonly #run: (batch: readonly Asked[]) => Promise<readonly (Answer | Promise<Answer>)[]>;
  readonly #mostUnderWay: number;
  readonly #largest: number;
  readonly #waiting: Waiting<Asked, Answer>[] = [];
  #underWay = 0;
  #isAboutToStart = false;

  /**
   * `run` answers in the order of its batch, of at most `largest`. Of `mostUnderWay` at once, because one that hangs must
   * not hold up the rest.
   */
  constructor(
    run: (batch: readonly Asked[]) => Promise<readonly (Answer | Promise<Answer>)[]>,
    { mostUnderWay, largest }: { readonly mostUnderWay: number; readonly largest: number },
  ) {
    this.#run = run;
    this.#mostUnderWay = mostUnderWay;
    this.#largest = largest;
  }

  ask(asked: Asked): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      this.#waiting.push({ asked, resolve, reject });
      this.#startSoon();
    });
  }

  /**
   * Once what is being answered now has asked all that it asks; what comes while as much is under way as may be gathers for
   * the next batch. Not a turn of the event loop later: a collection in this thread takes up whole turns.
   */
  #startSoon(): void {
    if (this.#isAboutToStart || this.#underWay >= this.#mostUnderWay || this.#waiting.length === 0) return;
    this.#isAboutToStart = true;
    process.nextTick(() => {
      this.#isAboutToStart = false;
      void this.#start(this.#waiting.splice(0, this.#largest));
      this.#startSoon();
    });
  }

  async #start(batch: readonly Waiting<Asked, Answer>[]): Promise<void> {
    this.#underWay += 1;
    try {
      const answers = await this.#run(batch.map(({ asked }) => asked));
      for (const [at, { resolve }] of batch.entries()) resolve(answers[at] as Answer);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.#underWay -= 1;
    this.#startSoon();
  }
}
