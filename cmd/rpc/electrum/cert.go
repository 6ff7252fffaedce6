package electrum

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Files of the certificate and its key. Who has others puts them in their place.
const (
	certFile = "electrum.crt"
	keyFile  = "electrum.key"
)

// certTime is how long a certificate is good for: wallets remember it, and ask their users when it changes.
const certTime = 10 * 365 * 24 * time.Hour

// certificate reads the certificate, or makes one for the address that is listened at when neither it nor
// its key is there.
func certificate(dir, listen string, rand io.Reader) (tls.Certificate, error) {
	cert, key := filepath.Join(dir, certFile), filepath.Join(dir, keyFile)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return pair, err
	}
	for _, name := range []string{cert, key} {
		if _, is := os.Lstat(name); is == nil { // a link to what is not there is the user's, too
			return pair, fmt.Errorf("%s is there without its other half, and nothing is written over it: put both files in their place, or neither: %w", name, err)
		} else if !errors.Is(is, fs.ErrNotExist) {
			return pair, is
		}
	}
	certPEM, keyPEM, err := newCertificate(listen, rand)
	if err != nil {
		return pair, err
	}
	if err := errors.Join(os.WriteFile(key, keyPEM, 0o600), os.WriteFile(cert, certPEM, 0o644)); err != nil {
		return pair, err
	}
	return tls.X509KeyPair(certPEM, keyPEM)
}

// newCertificate makes one that signs itself.
func newCertificate(listen string, rand io.Reader) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand)
	if err != nil {
		return nil, nil, err
	}
	serial := make([]byte, 16)
	if _, err := io.ReadFull(rand, serial); err != nil {
		return nil, nil, err
	}
	now := time.Now()
	cert := x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial), Subject: pkix.Name{CommonName: "grapevine"},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(certTime),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if host, _, err := net.SplitHostPort(listen); err == nil {
		if ip := net.ParseIP(host); ip != nil {
			cert.IPAddresses = append(cert.IPAddresses, ip)
		} else {
			cert.DNSNames = append(cert.DNSNames, host)
		}
	}
	raw, err := x509.CreateCertificate(rand, &cert, &cert, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), nil
}
