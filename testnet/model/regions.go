package model

import (
	"math/rand/v2"
	"time"
)

// region is a part of the world. The figures of 2019 are those that the SimBlock simulator has (Distributed Systems
// Group, Tokyo Institute of Technology, github.com/dsg-titech/simblock,
// NetworkConfiguration): where Bitcoin's nodes stood, how far apart they are,
// and how fast their lines were.
type region struct {
	Name     string
	Share    float64 // of all nodes
	Up, Down int64   // bits per second
	Latency  [6]int  // milliseconds, one way, to each region
}

// regions2019 is that world.
func regions2019() []region {
	return []region{
		{"North America", 0.3316, 19_200_000, 52_000_000, [6]int{32, 124, 184, 198, 151, 189}},
		{"Europe", 0.4998, 20_700_000, 40_000_000, [6]int{124, 11, 227, 237, 252, 294}},
		{"South America", 0.0090, 5_800_000, 18_000_000, [6]int{184, 227, 88, 325, 301, 322}},
		{"Asia-Pacific", 0.1177, 15_700_000, 22_800_000, [6]int{198, 237, 325, 85, 58, 198}},
		{"Japan", 0.0224, 10_200_000, 22_800_000, [6]int{151, 252, 301, 58, 12, 126}},
		{"Australia", 0.0195, 11_300_000, 29_900_000, [6]int{189, 294, 322, 198, 126, 16}},
	}
}

// betweenRegions is what a link from one region to another carries, in bits per second.
const betweenRegions = 6_000_000

// Place draws a region by its share of the nodes.
func place(world []region, r *rand.Rand) int {
	x := r.Float64()
	for i := range world {
		if x -= world[i].Share; x < 0 {
			return i
		}
	}
	return 0
}

// Distance is the latency between two regions.
func distance(world []region, a, b int) time.Duration {
	return time.Duration(world[a].Latency[b]) * time.Millisecond
}
