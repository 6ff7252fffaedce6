package schemas

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"grapevine/testnet/config"
	"grapevine/testnet/export"
)

// networks to be written: small, as the example, and with hostile values.
func networks(t *testing.T) map[string]*config.Network {
	t.Helper()
	out := map[string]*config.Network{}
	for name, text := range map[string]string{
		"one":     "nodes: 1",
		"many":    "nodes: 300",
		"strange": "nodes:\n- flags: {uacomment: 'a: b#c $HOME ${X:?y}', 'rpcauth': 'a:b$c'}\n- name: bob\n  mine: on-tx\n- {}\n- {}\n- mine: every=1s\n",
	} {
		n, err := config.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = n
	}
	n, err := config.Read("../../../docs/network.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	out["example"] = n
	return out
}

func options() export.Options {
	return export.Options{Image: "grapevine:latest", Name: "grapevine", Storage: "1Gi", Namespace: "test"}
}

func TestComposeIsWhatComposeTakes(t *testing.T) {
	for name, n := range networks(t) {
		raw, err := export.Compose(n, options())
		if err != nil {
			t.Fatal(err)
		}
		p, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
			WorkingDir:  t.TempDir(),
			ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: raw}},
			Environment: types.Mapping{"RPCPASSWORD": "secret"},
		}, func(o *loader.Options) { o.SetProjectName("grapevine", true) })
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, raw)
			continue
		}
		if len(p.Services) != len(n.Nodes) || len(p.Volumes) != len(n.Nodes) {
			t.Errorf("%s: %d services of %d nodes", name, len(p.Services), len(n.Nodes))
		}
		for _, s := range p.Services {
			if *s.Environment["GRAPEVINE_RPCPASSWORD"] != "secret" {
				t.Errorf("%s: %+v", name, s)
			}
		}
		if line := p.Services["node0"].Command; name == "strange" && !slices.Contains(line, "--uacomment=a: b#c $HOME ${X:?y}") {
			t.Errorf("the file's text has changed: %q", line)
		}
	}
}

func TestComposeWantsAPassword(t *testing.T) {
	raw, err := export.Compose(networks(t)["one"], options())
	if err != nil {
		t.Fatal(err)
	}
	_, err = loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir: t.TempDir(), ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: raw}},
	}, func(o *loader.Options) { o.SetProjectName("grapevine", true) })
	if err == nil || !strings.Contains(err.Error(), "RPCPASSWORD") {
		t.Errorf("without a password: %v", err)
	}
}

// object is any of those that we write.
type object interface{ GetName() string }

// read one document strictly: a field that its type does not have is an error.
func read(doc []byte) (object, error) {
	var kind metav1.TypeMeta
	if err := yaml.Unmarshal(doc, &kind); err != nil {
		return nil, err
	}
	into := map[string]object{
		"v1/Service": &corev1.Service{}, "v1/ConfigMap": &corev1.ConfigMap{}, "apps/v1/StatefulSet": &appsv1.StatefulSet{},
		"policy/v1/PodDisruptionBudget": &policyv1.PodDisruptionBudget{}, "networking.k8s.io/v1/NetworkPolicy": &netv1.NetworkPolicy{},
	}[kind.APIVersion+"/"+kind.Kind]
	if into == nil {
		return nil, fmt.Errorf("%s %s is not among them", kind.APIVersion, kind.Kind)
	}
	return into, yaml.UnmarshalStrict(doc, into)
}

func objects(t *testing.T, raw []byte) (all []object) {
	t.Helper()
	for r := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(raw))); ; {
		doc, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		o, err := read(doc)
		if err != nil {
			t.Fatalf("%v\n%s", err, doc)
		}
		for _, why := range validation.IsDNS1123Label(o.GetName()) {
			t.Errorf("%s: %s", o.GetName(), why)
		}
		all = append(all, o)
	}
}

func TestKubernetesIsWhatKubernetesTakes(t *testing.T) {
	for name, n := range networks(t) {
		raw, err := export.Kubernetes(n, options())
		if err != nil {
			t.Fatal(err)
		}
		var replicas int32
		kinds := map[string]int{}
		maps := map[string]string{}
		for _, o := range objects(t, raw) {
			kinds[fmt.Sprintf("%T", o)]++
			switch o := o.(type) {
			case *corev1.ConfigMap:
				maps[o.Name] = o.Data["grapevine.conf"]
			case *appsv1.StatefulSet:
				replicas += *o.Spec.Replicas
				checkSet(t, o)
				if maps[o.Spec.Template.Spec.Volumes[0].ConfigMap.Name] == "" {
					t.Errorf("%s: %s has no configuration", name, o.Name)
				}
			case *corev1.Service:
				if o.Spec.ClusterIP != corev1.ClusterIPNone || !o.Spec.PublishNotReadyAddresses {
					t.Errorf("%s: the service is not headless: %+v", name, o.Spec)
				}
			}
		}
		if int(replicas) != len(n.Nodes) || kinds["*v1.PodDisruptionBudget"] != 1 || kinds["*v1.NetworkPolicy"] != 1 || kinds["*v1.Service"] != 1 {
			t.Errorf("%s: %d replicas, %v", name, replicas, kinds)
		}
	}
}

func checkSet(t *testing.T, s *appsv1.StatefulSet) {
	t.Helper()
	spec := s.Spec.Template.Spec
	c := spec.Containers[0]
	for key, value := range s.Spec.Selector.MatchLabels {
		if s.Spec.Template.Labels[key] != value {
			t.Errorf("%s does not select its own pods by %s", s.Name, key)
		}
	}
	if !*spec.SecurityContext.RunAsNonRoot || *c.SecurityContext.AllowPrivilegeEscalation || *spec.EnableServiceLinks {
		t.Errorf("%s: %+v", s.Name, spec)
	}
	if c.Resources.Requests.Memory().IsZero() || c.Resources.Limits.Memory().IsZero() || c.ReadinessProbe == nil || c.LivenessProbe == nil {
		t.Errorf("%s: %+v", s.Name, c)
	}
	if s.Spec.Template.Annotations["prometheus.io/scrape"] != "true" || s.Spec.VolumeClaimTemplates[0].Spec.Resources.Requests.Storage().IsZero() {
		t.Errorf("%s: %+v", s.Name, s.Spec)
	}
	if errs := validation.IsDNS1123Subdomain(s.Name + "-299"); len(errs) > 0 {
		t.Errorf("a pod's name: %v", errs)
	}
}

func TestAPartitionNamesEachPodOnce(t *testing.T) {
	o := options()
	o.Partition = [][]int{{0, 1}, {2}}
	raw, err := export.Kubernetes(networks(t)["example"], o)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	all := objects(t, raw)
	for _, x := range all {
		for _, pod := range x.(*netv1.NetworkPolicy).Spec.PodSelector.MatchExpressions[0].Values {
			seen[pod]++
		}
	}
	if len(all) != 3 || len(seen) != 5 || seen["grapevine-bob-0"] != 1 || seen["grapevine-node3-1"] != 1 {
		t.Errorf("%d policies, %v", len(all), seen)
	}
}
