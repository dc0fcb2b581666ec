// A folder on loopback, with the site's policy as a header; answers with the site's own 404 page.
import { createServer } from 'node:http';
import { readFile, stat } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { extname, join, normalize } from 'node:path';

const kinds = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json', '.txt': 'text/plain', '.js': 'text/javascript' };
const policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

// Under a prefix, if one is given: nothing of a site may lead above it.
export async function serve(folder, prefix = '', { packed = false } = {}) {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname));
    let file = join(folder, path.slice(prefix.length));
    let status = 200;
    try {
      if (!path.startsWith(prefix)) throw new Error('above the prefix');
      if ((await stat(file)).isDirectory()) file = join(file, 'index.html');
      await stat(file);
    } catch {
      status = 404;
      file = join(folder, '404.html');
    }
    const picture = extname(file) === '.svg';
    // As hosts do with what can be packed.
    const pack = packed && extname(file) in kinds && /gzip/.test(request.headers['accept-encoding'] ?? '');
    response.writeHead(status, {
      ...(pack ? { 'content-encoding': 'gzip' } : {}),
      'content-type': kinds[extname(file)] ?? 'application/octet-stream',
      'content-security-policy': picture ? "default-src 'none'; style-src 'unsafe-inline'" : policy,
    });
    const bytes = await readFile(file);
    response.end(pack ? gzipSync(bytes) : bytes);
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  return { base: `http://127.0.0.1:${server.address().port}${prefix}`, close: () => server.close() };
}
