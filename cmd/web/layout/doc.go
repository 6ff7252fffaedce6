// Package layout is what all pages of the node share: the frame with its title, navigation and search,
// the stylesheet and scripts, and the headers that keep a browser from doing anything else with them.
//
// It knows nothing of nodes and chains: who renders a page gives it a template and data. A page reads
// without a script; what a script adds is live. It is a package of its own, though small, because both
// cmd/web and cmd/web/explorer stand on it.
//
// Start reading at Layout.Render.
package layout
