import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readKnowledge } from '../../generators/app/planning/knowledge.ts';

const note = readKnowledge<{
  file: string;
  subject: string;
  fingerprint256: string;
  sha256: string;
  validFrom: string;
  validTo: string;
}>('supabase-ca');
const pem = readFileSync(join(import.meta.dirname, '../../knowledge', note.file));
const certificate = new X509Certificate(pem);

/** In milliseconds; a user who sets up a project today should not have to change the file this year. */
const ENOUGH_TIME = 365 * 24 * 3600 * 1000;

describe('supabase-ca.crt', () => {
  it('is byte for byte the file that the note names', () => {
    expect(createHash('sha256').update(pem).digest('hex')).toBe(note.sha256);
    expect(certificate.fingerprint256).toBe(note.fingerprint256);
    expect(pem.toString('latin1').match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
  });

  it('is a root that signed itself', () => {
    expect(certificate.ca).toBe(true);
    expect(certificate.subject).toContain(`CN=${note.subject}`);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
  });

  it('is valid for the time that the note states, and for a year to come', () => {
    expect(new Date(certificate.validFrom)).toEqual(new Date(note.validFrom));
    expect(new Date(certificate.validTo)).toEqual(new Date(note.validTo));
    expect(Date.parse(note.validTo) - Date.now()).toBeGreaterThan(ENOUGH_TIME);
  });
});
