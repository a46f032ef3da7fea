/* Keeps the scan page for hours without a network: the page itself, its styles, faces and scripts.
   Served as /scan-worker.js for /scan alone. SHELL ({ name, urls }) is written above by the server: when
   a file changes, so does this one, and the browser fetches all anew. */
"use strict";

const PAGE = "/scan";
const PATIENCE_MS = 4000;

self.addEventListener("install", (event) => {
  const fill = async () => {
    const kept = await caches.open(SHELL.name);
    await kept.addAll(SHELL.urls);
    await keepPage(kept, await fetch(PAGE).catch(() => null));
    await self.skipWaiting();
  };
  event.waitUntil(fill());
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith("scan-") && name !== SHELL.name).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (event.request.mode === "navigate" && url.pathname === PAGE) event.respondWith(page(event.request));
  else if (url.pathname.startsWith("/static/")) event.respondWith(file(event.request, url.searchParams.has("v")));
});

/* Only a page with a step is worth keeping; whoever may not see it any more does not keep it either. */
async function keepPage(kept, answer) {
  if (!answer) return;
  if ([401, 403, 410].includes(answer.status)) await kept.delete(PAGE);
  if (answer.ok && answer.headers.has("Hangtag-Step")) await kept.put(PAGE, answer.clone());
}

/* A server that is there but says nothing must not keep the page from coming. */
const inTime = (asked) => Promise.race([asked, new Promise((_done, fail) => setTimeout(() => fail(new Error("silent")), PATIENCE_MS))]);

async function page(request) {
  const kept = await caches.open(SHELL.name);
  try {
    const answer = await inTime(fetch(request));
    await keepPage(kept, answer);
    if (answer.status < 500) return answer;
    return (await kept.match(PAGE)) ?? answer;
  } catch (error) {
    const found = await kept.match(PAGE);
    if (found) return found;
    throw error;
  }
}

async function file(request, isFixed) {
  const kept = await caches.open(SHELL.name);
  const found = await kept.match(request);
  if (found && isFixed) return found;
  try {
    const answer = await fetch(request);
    if (answer.ok) await kept.put(request, answer.clone());
    return answer;
  } catch (error) {
    if (found) return found;
    throw error;
  }
}
