import type { ForwardedRecord } from './destination.js';

/** RFC 5424 §6.2.1: "log audit". */
const FACILITY = 13;
const SEVERITY: Readonly<Record<string, number>> = { failed: 3, refused: 4 };
const NOTICE = 5;
/** RFC 5424 §7.3.1: the largest sequenceId. */
const LARGEST_ID = 2_147_483_647;

/**
 * One frame of RFC 5425 (octet counting): the length in octets, a space, and an RFC 5424 message whose MSG is the record
 * as JSON in ASCII, so that no collector has to guess an encoding. `mostBytes` bounds the message: collectors must take
 * 2048 octets, should take 8192, and cut off what is longer. What is too long is shortened here instead, and says so;
 * its hash is that of the whole event.
 */
export const syslogFrame = (record: ForwardedRecord, hostname: string, mostBytes: number): string => {
  const head = headOf(record, hostname);
  for (const variant of variantsOf(record)) {
    const message = `${head}${variant}`;
    if (message.length <= mostBytes) return framed(message);
  }
  return framed(`${head}${barest(record)}`);
};

/** Its characters are ASCII, so that they are its octets. */
const framed = (message: string): string => `${message.length} ${message}`;

/** `<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA `, all of it ASCII. */
const headOf = (record: ForwardedRecord, hostname: string): string => {
  const severity = record.type === 'event' ? (SEVERITY[record.outcome] ?? NOTICE) : NOTICE;
  const id = record.type === 'event' ? record.action : 'checkpoint';
  const sequenceId = ((record.sequence - 1) % LARGEST_ID) + 1;
  return [
    `<${FACILITY * 8 + severity}>1`,
    /^\d{4}-/.test(record.at) ? record.at : '-',
    printable(hostname, 255),
    'sexton',
    '-',
    printable(id, 32),
    `[origin software="Sexton"][meta sequenceId="${sequenceId}"]`,
    '',
  ].join(' ');
};

const printable = (text: string, most: number): string => text.replace(/[^!-~]/g, '_').slice(0, most) || '-';

/** The record, then with less and less of what can be long. */
function* variantsOf(record: ForwardedRecord): Generator<string> {
  yield ascii(record);
  if (record.type !== 'event') return;
  yield ascii({ ...record, details: {}, shortened: ['details'] });
  const reason = record.reason?.slice(0, 200) ?? null;
  yield ascii({ ...record, details: {}, reason, shortened: ['details', 'reason'] });
}

/** What names the event and proves it: short whatever callers sent. */
const barest = ({ type, sequence, hash }: ForwardedRecord): string =>
  ascii({ type, sequence, hash, shortened: ['all'] });

const ascii = (value: object): string =>
  JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
