package s3

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"strconv"
	"strings"
)

// Checksum is an additional checksum of a content, as S3 keeps them beside the
// ETag.
type Checksum struct {
	// Algorithm is one of algorithms.
	Algorithm string `json:"algorithm"`
	// Value is base64; a composite one ends in "-" and the number of parts.
	Value string `json:"value"`
}

// algorithms lists what a client may ask for. S3 has xxHash too, which no SDK
// computes without a part of its own.
var algorithms = []string{"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "SHA512", "MD5"}

// nvme is the polynomial of CRC64NVME, reflected, as the NVM Express base
// specification gives it.
var nvme = crc64.MakeTable(0x9A6C9329AC4BC9B5)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// newChecksum is a fresh hash of the algorithm, nil if there is none by that name.
func newChecksum(algorithm string) hash.Hash {
	switch algorithm {
	case "CRC32":
		return crc32.NewIEEE()
	case "CRC32C":
		return crc32.New(castagnoli)
	case "CRC64NVME":
		return crc64.New(nvme)
	case "SHA1":
		return sha1.New()
	case "SHA256":
		return sha256.New()
	case "SHA512":
		return sha512.New()
	case "MD5":
		return md5.New()
	}
	return nil
}

// checksumHeaders are the headers of the algorithms' values.
var checksumHeaders = map[string]string{
	"CRC32": "X-Amz-Checksum-Crc32", "CRC32C": "X-Amz-Checksum-Crc32c", "CRC64NVME": "X-Amz-Checksum-Crc64nvme",
	"SHA1": "X-Amz-Checksum-Sha1", "SHA256": "X-Amz-Checksum-Sha256", "SHA512": "X-Amz-Checksum-Sha512", "MD5": "X-Amz-Checksum-Md5",
}

// checksumName is what stands behind x-amz-checksum- in a header's name, and
// whether that is there at all. Upper and lower case are the same here.
func checksumName(header string) (name string, is bool) {
	const prefix = "X-Amz-Checksum-"
	if len(header) < len(prefix) || !strings.EqualFold(header[:len(prefix)], prefix) {
		return "", false
	}
	return header[len(prefix):], true
}

// checksumOf is the algorithm of such a header, "" if it is another header.
func checksumOf(header string) string {
	name, _ := checksumName(header)
	for _, algorithm := range algorithms {
		if strings.EqualFold(name, algorithm) {
			return algorithm
		}
	}
	return ""
}

// unknownChecksum tells whether a header has a checksum of an algorithm that is not
// here. To pass it over would take what the client wants to be checked.
func unknownChecksum(header string) bool {
	name, is := checksumName(header)
	switch strings.ToLower(name) {
	case "algorithm", "type", "mode":
		return false
	}
	return is && checksumOf(header) == ""
}

// valid tells whether the value is as long as one of the algorithm must be.
func (c Checksum) valid() bool {
	raw, err := base64.StdEncoding.DecodeString(c.Value)
	h := newChecksum(c.Algorithm)
	return err == nil && h != nil && len(raw) == h.Size()
}

// kind tells what the checksum is of: the content, or its parts' checksums.
func (c Checksum) kind() string {
	if strings.Contains(c.Value, "-") {
		return "COMPOSITE"
	}
	return "FULL_OBJECT"
}

// composite is the checksum of the parts' checksums; nil if they have not all
// one of the algorithm.
func composite(algorithm string, parts []*part) *Checksum {
	h := newChecksum(algorithm)
	if h == nil {
		return nil
	}
	for _, p := range parts {
		if p.Checksum == nil || p.Checksum.Algorithm != algorithm {
			return nil
		}
		raw, err := base64.StdEncoding.DecodeString(p.Checksum.Value)
		if err != nil {
			return nil
		}
		h.Write(raw)
	}
	return &Checksum{algorithm, base64.StdEncoding.EncodeToString(h.Sum(nil)) + "-" + strconv.Itoa(len(parts))}
}
