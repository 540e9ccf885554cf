import { writeFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from '../docker.ts';

export interface CertificateAuthority {
  folder: string;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes ca.crt and ca.key in a folder, valid for two days. Needs openssl. */
export function makeCertificateAuthority(folder: string, name: string): CertificateAuthority {
  mustRun(folder, 'openssl', [
    ...['req', '-x509', ...KEY, '-days', '2', '-subj', `/CN=${name}`, '-keyout', 'ca.key', '-out', 'ca.crt'],
    ...['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  ]);
  return { folder };
}

/** Makes <file>.crt and <file>.key for the given host names; the key can be read by every user of the containers. */
export function makeCertificate({ folder }: CertificateAuthority, file: string, names: string[]): void {
  const openssl = (...args: string[]): string => mustRun(folder, 'openssl', args);
  openssl('req', ...KEY, '-subj', `/CN=${names[0]}`, '-keyout', `${file}.key`, '-out', `${file}.csr`);
  writeFileSync(
    join(folder, `${file}.ext`),
    `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}\nbasicConstraints=CA:FALSE\n`,
  );
  openssl(
    ...['x509', '-req', '-in', `${file}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-days', '2', '-extfile', `${file}.ext`, '-out', `${file}.crt`],
  );
  chmodSync(join(folder, `${file}.key`), 0o644);
}
