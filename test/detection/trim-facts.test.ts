import { describe, expect, it } from 'vitest';
import { readAwsServices } from '../../generators/app/detection/aws-services.ts';
import { readLanguages } from '../../generators/app/detection/languages.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';
import { settingsOf } from './read-settings.ts';

describe('the languages of a site', () => {
  const locale = 'MIDDLEWARE = ["django.middleware.locale.LocaleMiddleware"]\n';
  it.each([
    [
      'LANGUAGE_CODE = "vi"\nfrom django.utils.translation import gettext_lazy as _\nLANGUAGES = [("vi", _("Vietnamese")), ("pt-br", "x")]\n',
      ['vi', 'pt-br'],
    ],
    ['LANGUAGES = (("de", "German"),)\nLANGUAGE_CODE = "en-us"\n', ['de', 'en-us']],
    ['LANGUAGE_CODE = "en-us"\n', ['en-us']],
    [`LANGUAGE_CODE = "en-us"\n${locale}`, null],
    ['DEBUG = True\n', null],
    ['import os\nLANGUAGES = [(code, code) for code in os.environ["LANGS"].split(",")]\n', null],
    ['LANGUAGES = [("../../etc", "x")]\n', null],
  ])('%s', (text, expected) => {
    expect(readLanguages(settingsOf(text).settings)?.value ?? null).toEqual(expected);
  });
});

it('the services of Amazon that the code asks for', () => {
  const files = memoryFiles('repo', {
    'a.py':
      'import boto3\ns3 = boto3.client("s3", region_name="x")\nqueue = boto3.resource(\n    "sqs")\nboto3.client(service_name="bedrock-runtime")\nboto3.client(name)\nprint("ses")\n',
    'b.py': 'import elsewhere\nelsewhere.client("ec2")\n',
  });
  const { value, evidence } = readAwsServices(files, ['a.py', 'b.py', 'missing.py']);
  expect(value).toEqual(['bedrock-runtime', 's3', 'sqs']);
  expect(evidence[0]).toEqual({ file: 'a.py', line: 2 });
});
