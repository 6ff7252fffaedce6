// Keeps a page of the explorer as it would be if it were loaded now: when something has happened that it may
// show, it is fetched again, and what is marked with data-live takes the place of what stood there.

const newest = 1000; // milliseconds between two looks, at least

let waiting = false;
let last = 0;

function soon(why) {
  if (waiting) return;
  waiting = true;
  setTimeout(() => look(why), Math.max(0, last + newest - Date.now()));
}

async function look(why) {
  waiting = false;
  last = Date.now();
  if (document.hidden) { stale = why; return; }
  let fresh;
  try {
    const answer = await fetch(location.pathname + location.search, { headers: { Accept: 'text/html' } });
    if (!answer.ok) return;
    fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  } catch { return; } // the node has gone: the page stays as it was
  for (const old of document.querySelectorAll('[data-live]')) {
    const now = fresh.querySelector(`[data-live="${CSS.escape(old.dataset.live)}"]`);
    if (now && now.innerHTML !== old.innerHTML && !old.contains(document.activeElement)) old.replaceChildren(...now.childNodes);
  }
  const news = document.getElementById('news');
  if (news && why) news.textContent = why;
}

let stale = '';
document.addEventListener('visibilitychange', () => { if (!document.hidden && stale) { soon(stale); stale = ''; } });

const words = { tip: 'A block has come.', reorganisation: 'The chain was reorganised.' };
const page = location.pathname.split('/')[1];
const kinds = ['tip', 'reorganisation'];
if (['pool', 'tx', 'address', 'script'].includes(page)) kinds.push('judged', 'removed');
if (page === 'node') kinds.push('connected', 'disconnected');

const events = new EventSource('/events?kind=' + kinds.join(','));
events.addEventListener('open', () => soon('')); // what has happened since the page was made, or while the stream was cut
events.addEventListener('message', (e) => { // docs/events.md
  let kind = '';
  try { kind = JSON.parse(e.data).kind; } catch { /* what cannot be read is news, too */ }
  soon(words[kind] ?? '');
});

// Plots grow by themselves.
if (page === 'node') setInterval(() => soon(''), 5000);
