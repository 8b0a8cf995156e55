// Bundles every page's script and style into web/static/dist and writes manifest.json: logical name -> hashed name.
import {createHash} from 'node:crypto';
import {mkdir, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {gzipSync} from 'node:zlib';
import {build} from 'esbuild';
import {wording} from './wording.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(here, '..', 'static', 'dist');

const scripts = ['app', 'form', 'diagram', 'studio'];

async function bundle() {
  const result = await build({
    absWorkingDir: here,
    entryPoints: [
      ...scripts.map(name => ({in: `src/${name}.js`, out: name})),
      ...scripts.map(name => ({in: `styles/${name}.css`, out: name})),
    ],
    outdir: dist,
    entryNames: '[name]-[hash]',
    chunkNames: 'chunks/[name]-[hash]',
    assetNames: 'assets/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'linked',
    metafile: true,
    plugins: [wording],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'warning',
    loader: {'.woff': 'file', '.woff2': 'file', '.ttf': 'file', '.eot': 'file', '.svg': 'file', '.png': 'file'},
    define: {'process.env.NODE_ENV': '"production"'},
  });
  const written = Object.keys(result.metafile.outputs).map(name => path.relative(dist, path.resolve(here, name)));
  const manifest = {};
  for (const [name, output] of Object.entries(result.metafile.outputs)) {
    const source = output.entryPoint && /^(?:src|styles)\/(\w+\.(?:js|css))$/.exec(output.entryPoint);
    if (source) {
      manifest[source[1]] = path.relative(dist, path.resolve(here, name)).split(path.sep).join('/');
    }
  }
  return {manifest, written};
}

// One file with a <symbol> for every icon named in icons.json, in their order.
async function sprite() {
  const folder = path.join(here, 'node_modules', '@tabler', 'icons', 'icons', 'outline');
  const names = JSON.parse(await readFile(path.join(here, 'icons.json'), 'utf8'));
  const symbols = await Promise.all(names.map(async name => {
    const svg = await readFile(path.join(folder, `${name}.svg`), 'utf8');
    const paths = svg.match(/<(?:path|circle|rect|line)[^>]*>/g).filter(tag => !tag.includes('stroke="none"'));
    return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75"`
      + ` stroke-linecap="round" stroke-linejoin="round">${paths.join('')}</symbol>`;
  }));
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>`;
}

async function writeSprite() {
  const content = await sprite();
  const name = `icons-${createHash('sha256').update(content).digest('hex').slice(0, 8).toUpperCase()}.svg`;
  await writeFile(path.join(dist, name), content);
  return name;
}

// WhiteNoise serves these to browsers that accept them.
async function compress(names) {
  const worthwhile = names.filter(name => /\.(?:js|css|svg)$/.test(name));
  await Promise.all(worthwhile.map(async name => {
    const file = path.join(dist, name);
    await writeFile(`${file}.gz`, gzipSync(await readFile(file), {level: 9}));
  }));
  return worthwhile.map(name => `${name}.gz`);
}

// Old bundles go only after the new ones stand, so that a running server is never without.
async function sweep(kept) {
  const known = new Set(kept.map(name => path.join(dist, name)));
  for (const entry of await readdir(dist, {recursive: true, withFileTypes: true})) {
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    if (entry.isFile() && !known.has(file)) {
      await rm(file);
    }
  }
}

await mkdir(dist, {recursive: true});
// esbuild has said by then what is wrong
const {manifest, written} = await bundle().catch(() => process.exit(1));
manifest['icons.svg'] = await writeSprite();
const names = [...written, manifest['icons.svg']];
const compressed = await compress(names);
await writeFile(path.join(dist, 'manifest.json'), JSON.stringify(manifest, null, 1));
await sweep([...names, ...compressed, 'manifest.json']);
