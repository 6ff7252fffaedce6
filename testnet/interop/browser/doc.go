// Package browser opens the page of a local network in Debian's chromium, by chromedp, and uses it as people do: it
// pays and watches the payment reach every node, cuts and heals links, mines, follows a reorganisation and searches.
//
// No page may say anything to the browser's console, none may break a rule of axe-core that can be checked
// offline, in light and dark and on a phone, and the first one is to be there in 100 ms with under 100 kB. The
// pictures of docs/page.md are made here.
//
// It is a module of its own, so that what chromedp needs is not what others need. It has tests only; `make browser`
// runs them. Without a chromium they say so and end well: it is half a gigabyte, and nothing else depends on it.
//
// Start reading at TestPageOfALocalNetwork.
package browser
