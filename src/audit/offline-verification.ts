import { covers, faultOf, type ChainFault, type ChainHead } from './chain.js';
import { faultAgainst, cutOff } from './chain.js';
import {
  faultOfCheckpoint,
  forgedFault,
  isSignedBy,
  seenAs,
  signedText,
  type Checkpoint,
} from './checkpoint.js';
import {
  linkOf,
  parseRecord,
  type EndRecord,
  type EventRecord,
  type HeaderRecord,
} from './evidence-records.js';
import type { Line } from './lines.js';
import { RecentHashes } from './recent-hashes.js';
import type { VerifyingKey } from './signing-key.js';

export interface FileFault extends Omit<ChainFault, 'kind'> {
  /** Of the file, from 1; null for what is missing at its end. */
  readonly line: number | null;
  readonly kind: ChainFault['kind'] | 'malformed';
}

/** What a file shows by itself. */
export interface FileReport {
  readonly status: 'whole' | 'broken';
  /** `copy`: what was forwarded to a file, without header and end. */
  readonly source: 'export' | 'copy';
  /** False: events are left out by design, as by a filter, and only what is there can be vouched for. */
  readonly contiguous: boolean;
  readonly events: number;
  readonly first: number | null;
  /** The last event that holds. */
  readonly head: ChainHead | null;
  readonly checkpoints: number;
  /** Up to which sequence a checkpoint, or the signed end of an export, covers the file. */
  readonly signedUpTo: number | null;
  /** Whether signatures were checked at all: only with a public key. */
  readonly signaturesChecked: boolean;
  /** Of a copy: events that came twice, and lines that a crash cut off, whose events follow again. */
  readonly repeated: number;
  readonly torn: number;
  /** Of a copy: lines before its first event or behind its last one that a crash, say, cut off: what they held may be missing. */
  readonly tornAtEnds: number;
  readonly fault: FileFault | null;
}

export interface FileVerificationOptions {
  /** Null: signatures are not checked. */
  readonly keys: readonly VerifyingKey[] | null;
  /** Heads that were seen elsewhere, by sequence: the file must contain them. */
  readonly known?: ReadonlyMap<number, string>;
}

/** Follows one file from its first line to its last; constant memory. */
export class FileVerification {
  private header: HeaderRecord | null = null;
  private end: EndRecord | null = null;
  private head: ChainHead | null = null;
  private first: number | null = null;
  private lastCheckpoint: Checkpoint | null = null;
  private readonly recent = new RecentHashes();
  private readonly counts = { events: 0, checkpoints: 0, repeated: 0, torn: 0, tornAtEnds: 0 };
  private tornAtStart = 0;
  private signedUpTo: number | null = null;

  constructor(private readonly options: FileVerificationOptions) {}

  async verify(lines: AsyncIterable<Line>): Promise<FileReport> {
    for await (const line of lines) {
      const fault = this.take(line);
      if (fault) return this.report({ line: line.number, ...fault });
    }
    const fault = this.finish();
    return this.report(fault && { line: null, ...fault });
  }

  private take(line: Line): Omit<FileFault, 'line'> | null {
    const record = parseRecord(line.text);
    if (this.end) return malformed('Something follows the end of the export.');
    if (record === null) {
      if (this.header === null) {
        this.counts.tornAtEnds += 1;
        return null;
      }
      return malformed(`Line ${line.number} is not one that Sexton writes.`);
    }
    switch (record.type) {
      case 'header':
        if (line.number !== 1) return malformed('A header stands inside the file.');
        this.header = record;
        return null;
      case 'event':
        return this.takeEvent(record);
      case 'checkpoint':
        return this.takeCheckpoint(record);
      case 'end':
        this.end = record;
        return this.takeEnd(record, line);
    }
  }

  private get contiguous(): boolean {
    return this.header?.contiguous ?? true;
  }

  private takeEvent(record: EventRecord): ChainFault | null {
    const link = linkOf(record);
    const { seal } = link;
    if (this.header === null && this.head && seal.sequence <= this.head.sequence)
      return this.takeAgain(record);
    // A copy may begin in the middle, where its file was changed for a new one; an export begins at the beginning.
    const start = { sequence: this.header ? 0 : seal.sequence - 1, hash: seal.previousHash };
    const before = this.head ?? start;
    const fault = this.contiguous ? faultOf(before, link) : this.faultAlone(record);
    const known = this.options.known?.get(seal.sequence);
    const unlike =
      known === undefined
        ? null
        : faultAgainst({ sequence: seal.sequence, hash: known }, seal, 'seen elsewhere');
    if (fault ?? unlike) return fault ?? unlike;
    if (this.head) {
      // The chain goes on: what was torn since the last event has come again.
      this.counts.torn += this.counts.tornAtEnds - this.tornAtStart;
      this.counts.tornAtEnds = this.tornAtStart;
    } else this.tornAtStart = this.counts.tornAtEnds;
    this.first ??= seal.sequence;
    this.head = { sequence: seal.sequence, hash: seal.hash };
    this.recent.add(this.head);
    this.counts.events += 1;
    return null;
  }

  /** An event of a filtered export stands alone: its hash must cover it, and fit to its neighbour where that is there. */
  private faultAlone(record: EventRecord): ChainFault | null {
    const { seal, event } = linkOf(record);
    const { sequence } = seal;
    if (this.head && sequence <= this.head.sequence) {
      const message = `Sequence ${sequence} does not come after ${this.head.sequence}.`;
      return { sequence, eventId: seal.eventId, kind: 'swapped', message };
    }
    if (this.head?.sequence === sequence - 1) return faultOf(this.head, { seal, event });
    if (covers(seal.hash, sequence, seal.previousHash, event)) return null;
    const message = `The event of sequence ${sequence} was changed after it was sealed.`;
    return { sequence, eventId: seal.eventId, kind: 'altered', message };
  }

  /** What is forwarded at least once can come twice; it must be the same then. */
  private takeAgain(record: EventRecord): ChainFault | null {
    const { seal, event } = linkOf(record);
    const same = this.recent.at(seal.sequence) ?? seal.hash;
    if (same === seal.hash && covers(seal.hash, seal.sequence, seal.previousHash, event)) {
      this.counts.repeated += 1;
      return null;
    }
    const message = `Sequence ${seal.sequence} comes a second time, and is another event.`;
    return { sequence: seal.sequence, eventId: seal.eventId, kind: 'altered', message };
  }

  private takeCheckpoint({ type: _type, ...checkpoint }: Checkpoint & { type: string }): ChainFault | null {
    const { keys } = this.options;
    const last = this.lastCheckpoint;
    if (this.header === null && last && checkpoint.number <= last.number) return null;
    const inOrder = this.header !== null || last !== null;
    const fault =
      keys && (inOrder ? faultOfCheckpoint(last, checkpoint, keys) : forgedFault(checkpoint, keys));
    if (fault) return fault;
    const { sequence } = checkpoint;
    if (this.head && sequence > this.head.sequence) return cutOff(this.head, checkpoint, seenAs(checkpoint));
    const hash = this.recent.at(sequence);
    if (hash !== null) {
      const unlike = faultAgainst(checkpoint, { sequence, eventId: '', hash }, seenAs(checkpoint));
      if (unlike) return { ...unlike, eventId: null };
      if (keys) this.signedUpTo = sequence;
    }
    this.lastCheckpoint = checkpoint;
    this.counts.checkpoints += 1;
    return null;
  }

  private takeEnd(
    { type: _type, signature, ...fields }: EndRecord,
    line: Line,
  ): Omit<FileFault, 'line'> | null {
    const { events, upTo, sha256, keyId } = fields;
    if (this.header === null) return malformed('The file has an end and no header.');
    const whole = !this.contiguous || (this.head?.sequence ?? 0) === upTo.sequence;
    if (events !== this.counts.events || !whole || sha256 !== line.sha256Before()) {
      const message = `The file is not as it was exported: ${events} events up to sequence ${upTo.sequence}.`;
      return { sequence: null, eventId: null, kind: 'altered', message };
    }
    const { keys } = this.options;
    if (keys === null) return null;
    const key = keys.find(({ id }) => id === keyId);
    if (key && signature !== null && isSignedBy(key, signedText('end', fields), signature)) {
      this.signedUpTo = this.head?.sequence ?? null;
      return null;
    }
    const message =
      signature === null
        ? 'The end of the export is not signed.'
        : `The signature at the end of the export does not hold${key ? '' : `, or is of the key ${keyId}, which was not given`}.`;
    return { sequence: null, eventId: null, kind: 'checkpoint_forged', message };
  }

  private finish(): Omit<FileFault, 'line'> | null {
    if (this.header && !this.end) {
      return {
        ...cutOffFile(this.head),
        message: 'The file ends before the end of the export: it was cut off.',
      };
    }
    if (!this.header && !this.head) return malformed('There is nothing in the file.');
    const furthest = Math.max(0, ...(this.options.known?.keys() ?? []));
    const { sequence } = this.head ?? { sequence: 0 };
    if (this.contiguous && furthest > sequence) {
      return cutOff(this.head ?? { sequence: 0, hash: '' }, { sequence: furthest }, 'seen elsewhere');
    }
    return null;
  }

  private report(fault: FileFault | null): FileReport {
    const { signedUpTo, first, head, contiguous } = this;
    return {
      status: fault ? 'broken' : 'whole',
      source: this.header ? 'export' : 'copy',
      contiguous,
      ...this.counts,
      first,
      head,
      signedUpTo,
      signaturesChecked: this.options.keys !== null,
      fault,
    };
  }
}

const malformed = (message: string): Omit<FileFault, 'line'> => ({
  sequence: null,
  eventId: null,
  kind: 'malformed',
  message,
});

const cutOffFile = (head: ChainHead | null) => ({
  sequence: (head?.sequence ?? 0) + 1,
  eventId: null,
  kind: 'truncated' as const,
});
