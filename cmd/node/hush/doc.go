// Package hush keeps others from filling the disk with our log.
//
// Every line that strangers can make us write comes from some place in the code;
// each place has so many bytes an hour, and what is over is counted and left out.
// No room of the node has to think of it. Start reading at New.
package hush
