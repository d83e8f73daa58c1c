// Keeps the page's files, so that it opens without a network after the first time. Photos never pass through here.

// Another build registers another address, which ends in its version, and then replaces the files of this one.
const CACHE = `page ${self.location.search}`;

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
  const answer = async () => (await (await caches.open(CACHE)).match(event.request)) ?? fetch(event.request);
  event.respondWith(answer());
});
