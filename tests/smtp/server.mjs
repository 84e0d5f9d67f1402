// A mail server for tests. Options come as JSON in the first argument, orders as lines on standard
// input, and what happens leaves as JSON lines on standard output:
//     accept | hold | refuse CODE    what becomes of the mails from now on; held ones are accepted then
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { SMTPServer } from 'smtp-server';

const { tls, starttls, certificate, key, user, password, methods } = JSON.parse(process.argv[2]);

let order = ['accept'];
let held = [];

function say(event, more = {}) {
  process.stdout.write(`${JSON.stringify({ event, ...more })}\n`);
}

/** Ends the transfer of a mail as the order of the moment says. */
function answer(mail, callback) {
  const [word, code] = order;
  if (word === 'hold') {
    held.push(() => answer(mail, callback));
    say('held', mail);
  } else if (word === 'refuse') {
    callback(Object.assign(new Error('Not today'), { responseCode: Number(code) }));
    say('refused', mail);
  } else {
    callback(null, 'Accepted');
    say('accepted', mail);
  }
}

const server = new SMTPServer({
  secure: tls === true,
  key: key && readFileSync(key),
  cert: certificate && readFileSync(certificate),
  disabledCommands: starttls ? [] : ['STARTTLS'],
  authOptional: user === undefined,
  authMethods: methods ?? ['PLAIN', 'LOGIN'],
  allowInsecureAuth: true,
  disableReverseLookup: true,
  onAuth(auth, _session, callback) {
    const isRight = auth.username === user && auth.password === password;
    callback(isRight ? null : new Error('Wrong password'), isRight ? { user: `${auth.method} ${user}` } : undefined);
  },
  onData(stream, session, callback) {
    const parts = [];
    stream.on('data', (part) => parts.push(part));
    stream.on('end', () => {
      const { envelope, secure, hostNameAppearsAs } = session;
      const mail = {
        from: envelope.mailFrom.address,
        to: envelope.rcptTo.map(({ address }) => address),
        encrypted: secure,
        hello: hostNameAppearsAs,
        user: session.user ?? '',
        raw: Buffer.concat(parts).toString('utf8'),
      };
      answer(mail, callback);
    });
  },
});

// Clients that go away, or do not trust the certificate, are part of the tests.
server.on('error', () => undefined);
const listening = server.listen(0, '127.0.0.1', () => say('listening', { port: listening.address().port }));

// The end of the pipe is the end of the test.
createInterface({ input: process.stdin })
  .on('line', (line) => {
    order = line.split(' ');
    const waiting = held;
    held = [];
    for (const again of waiting) again();
    say('ordered');
  })
  .on('close', () => process.exit(0));
