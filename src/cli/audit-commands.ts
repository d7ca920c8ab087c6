import { createWriteStream, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { printable } from '../observe/printable.js';
import { systemCode } from '../package/durable-file.js';
import { START } from '../sandbox/audit/audit-line.js';
import { ChainDamaged, type Damage } from '../sandbox/audit/chain.js';
import { openCheckpoint, signCheckpoint } from '../sandbox/audit/checkpoint.js';
import { selectLines, tailLines } from '../sandbox/audit/select.js';
import { type ChainReport, type Known, verifyChain } from '../sandbox/audit/verify.js';
import {
  boundOf,
  dataDirOption,
  namedFiles,
  openAuditLog,
  readPrivateKey,
  readPublicKey,
  readText,
} from './audit-source.js';
import { entryText } from './audit-text.js';
import { positiveInteger, reporting } from './client-command.js';
import { EXIT } from './exit-status.js';
import { UsageError } from './fail.js';
import { printFields, printJson, printLine } from './output.js';

interface AuditFlags {
  dataDir: string;
  json?: boolean;
}

/** `hal9 audit …`, which reads the files of a server, stopped or not, and talks to none. */
export function addAuditCommands(program: Command): void {
  const audit = program.command('audit').description('look into the audit log of a server on this machine');
  addVerify(audit);
  addTail(audit);
  addExport(audit);
  addCheckpoint(audit);
}

type VerifyFlags = AuditFlags & { checkpoint?: string; publicKey?: string };

function addVerify(audit: Command): void {
  audit
    .command('verify')
    .description('check every line; exit status 1 and the first damaged line if one is not what was written')
    .argument(
      '[FILES...]',
      'files to check instead, in order: an export, or a part of a log; they may begin with any line',
    )
    .addOption(dataDirOption())
    .option('--checkpoint <FILE>', 'a checkpoint: its line must be in the log')
    .option('--public-key <FILE>', 'the public key of who signed it, in PEM or base64')
    .option('--json', 'print the result as one JSON object')
    .action((paths: string[], flags: VerifyFlags) =>
      reporting(flags, async () => {
        const known = knownLine(flags);
        const files = paths.length > 0 ? namedFiles(paths) : (await openAuditLog(flags.dataDir)).files;
        const report = await verifyChain(files, paths.length > 0 ? 'anything' : START, known);
        if (flags.json) printJson(report);
        else if (report.damage === undefined) printReport(report, known);
        if (report.damage !== undefined) sayDamaged(report.damage, flags);
      }),
    );
}

function knownLine({ checkpoint, publicKey }: VerifyFlags): Known | undefined {
  if ((checkpoint === undefined) !== (publicKey === undefined)) {
    throw new UsageError('--checkpoint and --public-key go together: whose checkpoint it is decides what it is worth');
  }
  if (checkpoint === undefined || publicKey === undefined) return undefined;
  return openCheckpoint(readText(checkpoint, '--checkpoint'), readPublicKey(publicKey));
}

function printReport({ files, lines, firstSeq, head }: ChainReport, known: Known | undefined): void {
  printFields([
    ['lines', `${lines}, seq ${firstSeq} to ${head.seq}, in ${files} ${files === 1 ? 'file' : 'files'}: all in order`],
    ['head', `${head.seq} ${head.hash} ${head.at}`],
    ['checkpoint', known === undefined ? '' : `the log has its line, seq ${known.seq}`],
  ]);
}

/** The verdict of a command that found damage; with `--json` its report has said it. */
function sayDamaged({ file, line, why }: Damage, { json }: { json?: boolean }): void {
  if (!json) process.stderr.write(`hal9: ${printable(`${file} line ${line}: ${why}`)}\n`);
  process.exitCode = EXIT.damaged;
}

function addTail(audit: Command): void {
  audit
    .command('tail')
    .description('print the last lines; it does not verify them')
    .addOption(dataDirOption())
    .option('-n, --lines <N>', 'how many', positiveInteger, 10)
    .option('--follow', 'go on with lines as they are written, until interrupted')
    .option('--json', 'print lines as they stand in the log')
    .action((flags: AuditFlags & { lines: number; follow?: boolean }) =>
      reporting(flags, async () => {
        const { directory } = await openAuditLog(flags.dataDir);
        for await (const { bytes, entry } of tailLines(directory, flags.lines, flags.follow === true)) {
          if (flags.json) process.stdout.write(`${bytes.toString()}\n`);
          else printLine(entry === undefined ? `DAMAGED ${bytes.toString()}` : entryText(entry));
        }
      }),
    );
}

function addExport(audit: Command): void {
  audit
    .command('export')
    .description('write lines as they stand in the log, verified on the way; they can be verified by themselves')
    .addOption(dataDirOption())
    .option('--from <SEQ|DATE>', 'the first line, by number or time')
    .option('--to <SEQ|DATE>', 'the last line')
    .option('--out <FILE>', 'where to; by default to standard output')
    .action((flags: AuditFlags & { from?: string; to?: string; out?: string }) =>
      reporting(flags, async () => {
        const { files } = await openAuditLog(flags.dataDir);
        const from = flags.from === undefined ? undefined : boundOf(flags.from, '--from');
        const to = flags.to === undefined ? undefined : boundOf(flags.to, '--to');
        await writeLines(selectLines(files, from, to), flags.out);
      }),
    );
}

async function writeLines(lines: ReturnType<typeof selectLines>, out: string | undefined): Promise<void> {
  const bytes = Readable.from(
    (async function* () {
      for await (const line of lines) yield `${line.bytes.toString()}\n`;
    })(),
  );
  try {
    if (out === undefined) await pipeline(bytes, process.stdout, { end: false });
    else await pipeline(bytes, createWriteStream(out, { mode: 0o600 }));
  } catch (error) {
    if (error instanceof ChainDamaged) sayDamaged(error.damage, {});
    // A reader that had enough is no error.
    else if (systemCode(error) !== 'EPIPE') throw error;
  }
}

function addCheckpoint(audit: Command): void {
  audit
    .command('checkpoint')
    .description(
      'verify the log and sign its end, to be kept elsewhere: verify --checkpoint then shows whether lines were cut off',
    )
    .addOption(dataDirOption())
    .requiredOption('--key <FILE>', 'PEM of your Ed25519 private key')
    .option('--out <FILE>', 'where to write it; by default to standard output')
    .action((flags: AuditFlags & { key: string; out?: string }) =>
      reporting(flags, async () => {
        const key = readPrivateKey(flags.key);
        const { head, damage } = await verifyChain((await openAuditLog(flags.dataDir)).files);
        if (damage !== undefined) return sayDamaged(damage, {});
        const checkpoint = signCheckpoint(head, new Date().toISOString(), key);
        if (flags.out === undefined) process.stdout.write(checkpoint);
        else writeFileSync(flags.out, checkpoint);
      }),
    );
}
