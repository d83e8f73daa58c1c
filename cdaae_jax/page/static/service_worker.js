// Keeps the page's files, so that it opens without a network after the first time. Photos never pass through here.

// Another build registers another address, which ends in its version, and then replaces the files of this one.
const CACHE = `page ${self.location.search}`;
const CARD = new URL("vendor/card/", self.location).href; // files that are kept only where a graphics card wants them

self.addEventListener("install", (event) => {
  const keep = async () => {
    const files = await (await fetch("files.json")).json();
    const cache = await caches.open(CACHE);
    await cache.addAll(files.map((file) => new Request(file, { cache: "no-cache" })));
    await self.skipWaiting();
  };
  event.waitUntil(keep());
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith("page ") && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  const answer = async () => {
    const cache = await caches.open(CACHE);
    const kept = await cache.match(event.request);
    if (kept || !event.request.url.startsWith(CARD)) return kept ?? fetch(event.request);
    // Not the request itself, which ends with who asks: what has begun to come is kept for the next time.
    const got = await fetch(event.request.url, { cache: "no-cache" });
    if (got.ok) event.waitUntil(cache.put(event.request, got.clone()));
    return got;
  };
  event.respondWith(answer());
});
