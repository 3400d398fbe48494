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
	"slices"
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

// checksumHeader is the header of an algorithm's value, in lower case.
func checksumHeader(algorithm string) string { return "x-amz-checksum-" + strings.ToLower(algorithm) }

// checksumOf is the algorithm of such a header, "" if it is another header.
func checksumOf(header string) string {
	name, is := strings.CutPrefix(strings.ToLower(header), "x-amz-checksum-")
	algorithm := strings.ToUpper(name)
	if !is || !slices.Contains(algorithms, algorithm) {
		return ""
	}
	return algorithm
}

// unknownChecksum tells whether a header has a checksum of an algorithm that is not
// here. To pass it over would take what the client wants to be checked.
func unknownChecksum(header string) bool {
	switch lower := strings.ToLower(header); lower {
	case "x-amz-checksum-algorithm", "x-amz-checksum-type", "x-amz-checksum-mode":
		return false
	default:
		return strings.HasPrefix(lower, "x-amz-checksum-") && checksumOf(lower) == ""
	}
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
