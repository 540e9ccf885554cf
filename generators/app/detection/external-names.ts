import { standardLibrary } from './standard-library.ts';

/** Packages whose names, imported with `from`, are modules themselves: `from django.db import models`. */
const modulePackages =
  /^(?:django\.(?:contrib|core|db|utils|views|template|conf)|django\.contrib\.\w+|django\.core\.\w+|rest_framework|google\.cloud|wagtail|celery|PIL|sklearn|scipy|concurrent|allauth|corsheaders)$/;

/** The modules of others that an import names, none of the standard library. */
export function externalNames(module: string, name: string | null): string[] {
  const top = module.split('.')[0] ?? module;
  if (top === '' || standardLibrary.has(top) || !/^[\w.]+$/.test(module)) return [];
  if (
    name !== null &&
    /^[a-z_][a-z0-9_]*$/.test(name) &&
    modulePackages.test(module) &&
    looksLikeModule(module, name)
  )
    return [module, `${module}.${name}`];
  // PIL's modules are capitalised.
  if (name !== null && module === 'PIL' && /^[A-Z]\w+$/.test(name)) return [module, `${module}.${name}`];
  return [module];
}

const notModules = new Set([
  'connection',
  'connections',
  'transaction_atomic',
  'settings',
  'shared_task',
  'render',
  'signals_all',
  'router',
  'current_app',
  'group',
  'chain',
  'chord',
]);
const djangoModules: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'django.db': 'models transaction migrations backends utils',
    'django.core':
      'cache checks exceptions files handlers mail management paginator serializers signals signing validators wsgi asgi',
    'django.contrib':
      'admin auth contenttypes flatpages gis humanize messages postgres redirects sessions sitemaps sites staticfiles syndication admindocs',
    'django.contrib.auth':
      'views forms models backends hashers decorators mixins signals validators tokens password_validation middleware management admin urls',
    'django.contrib.admin': 'helpers options sites widgets filters utils actions forms models views apps',
    'django.contrib.gis': 'admin db forms geos gdal measure feeds',
    'django.contrib.messages': 'constants views api',
    'django.contrib.staticfiles': 'finders storage urls views',
    'django.contrib.sitemaps': 'views',
    'django.contrib.postgres':
      'fields indexes operations search aggregates constraints functions lookups validators forms',
    'django.core.management': 'base color utils',
    'django.core.files': 'storage base images uploadedfile temp locks',
    'django.views': 'generic defaults static i18n decorators csrf debug',
    'django.template':
      'loader base context defaultfilters defaulttags engine exceptions library response backends',
    'django.conf': 'urls locale global_settings',
  }),
);

function looksLikeModule(module: string, name: string): boolean {
  if (notModules.has(name)) return false;
  if (module === 'django.utils' || !module.startsWith('django')) return true;
  return djangoModules.get(module)?.split(' ').includes(name) ?? false;
}
