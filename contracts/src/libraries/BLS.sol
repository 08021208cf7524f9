// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title BLS signatures on BLS12-381 with keys in G2 and signatures in G1
/// @notice The proof-of-possession scheme of draft-irtf-cfrg-bls-signature-05 in its minimal-signature-size form, over the
/// precompiles of EIP-2537 and the hash to curve of RFC 9380 (BLS12381G1_XMD:SHA-256_SSWU_RO_).
/// @dev Points are encoded as the precompiles want them: 64 bytes a field element (16 zero bytes, 48 big endian), a signature
/// `x ‖ y` in 128 bytes, a key `x.c0 ‖ x.c1 ‖ y.c0 ‖ y.c1` in 256. Every point has one encoding that is accepted.
/// The pairing precompile refuses points outside the curve or the prime-order subgroup and coordinates that are not reduced;
/// the ADD precompiles do not look at the subgroup. Keys are added only after their possession was proved by a pairing.
library BLS {
    uint256 internal constant KEY_BYTES = 256;
    uint256 internal constant SIGNATURE_BYTES = 128;

    /// @dev The field's modulus, top 16 and lower 32 bytes.
    uint256 internal constant P_HIGH = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 internal constant P_LOW = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;

    uint256 private constant SHA256 = 0x02;
    uint256 private constant MODEXP = 0x05;
    uint256 private constant G1_ADD = 0x0b;
    uint256 private constant G2_ADD = 0x0d;
    uint256 private constant PAIRING = 0x0f;
    uint256 private constant MAP_TO_G1 = 0x10;

    /// @dev Suite names of the draft, section 4.2.3: signatures and proofs of possession never hash to the same point.
    bytes private constant SIGNATURE_DST = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";
    bytes private constant POSSESSION_DST = "BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";

    /// @dev A precompile failed on an input that cannot be wrong: the chain lacks EIP-2537 or the call ran out of gas.
    error PrecompileFailed(uint256 precompile);
    /// @dev A point is not on the curve or not reduced.
    error NotOnCurve();

    /// @notice True if `signature` is the one signature of `key` over `digest`.
    /// @param key 8 words; its possession must have been proved (subgroup and rogue keys).
    function verify(bytes32 digest, bytes calldata signature, uint256[8] memory key)
        internal
        view
        returns (bool)
    {
        return _pairingHolds(signature, hashToG1(abi.encodePacked(digest), SIGNATURE_DST), key);
    }

    /// @notice True if whoever made `proof` holds the secret of `key` and meant it for `owner`.
    /// @dev The signed message is `key ‖ owner`, so that a proof seen in the mempool registers nobody else. The pairing is also
    /// the subgroup check of the key: without it a point of small order could be added to an aggregate.
    function verifyPossession(bytes calldata key, bytes calldata proof, address owner)
        internal
        view
        returns (bool)
    {
        if (key.length != KEY_BYTES) return false;
        uint256[8] memory point;
        assembly ("memory-safe") {
            calldatacopy(point, key.offset, 256)
        }
        return _pairingHolds(proof, hashToG1(abi.encodePacked(key, owner), POSSESSION_DST), point);
    }

    /// @notice Hashes a message to the curve (RFC 9380, section 8.8.1).
    function hashToG1(bytes memory message, bytes memory dst)
        internal
        view
        returns (uint256[4] memory point)
    {
        bytes32[4] memory uniform = _expand(message, dst);
        uint256[8] memory pair;
        _mapToCurve(uniform[0], uniform[1], pair, 0);
        _mapToCurve(uniform[2], uniform[3], pair, 128);
        bool ok;
        assembly ("memory-safe") {
            // Arguments are evaluated from the right: the call comes first.
            ok := and(eq(returndatasize(), 128), staticcall(gas(), G1_ADD, pair, 256, point, 128))
        }
        if (!ok) revert PrecompileFailed(G1_ADD);
    }

    /// @notice Adds the second key of `pair` to the first, in place.
    /// @param pair Two keys, 16 words, one fixed buffer: concatenating `bytes` for every addition is quadratic in memory.
    function addKeys(uint256[16] memory pair) internal view {
        bool ok;
        assembly ("memory-safe") {
            ok := and(eq(returndatasize(), 256), staticcall(gas(), G2_ADD, pair, 512, pair, 256))
        }
        if (!ok) revert NotOnCurve();
    }

    /// @dev expand_message_xmd for 128 bytes (RFC 9380, section 5.3.1): four blocks of SHA-256 after b0.
    function _expand(bytes memory message, bytes memory dst)
        private
        view
        returns (bytes32[4] memory uniform)
    {
        bytes32 first = sha256(
            abi.encodePacked(bytes32(0), bytes32(0), message, uint16(128), uint8(0), dst, uint8(dst.length))
        );
        // b_i = SHA-256((b_0 xor b_(i-1)) ‖ i ‖ dst ‖ length of dst), where b_0 stands alone for i = 1.
        bytes memory input = abi.encodePacked(bytes32(0), uint8(0), dst, uint8(dst.length));
        bool ok = true;
        assembly ("memory-safe") {
            let previous := 0
            for { let i := 1 } lt(i, 5) { i := add(i, 1) } {
                mstore(add(input, 32), xor(first, previous))
                mstore8(add(input, 64), i)
                let target := add(uniform, mul(sub(i, 1), 32))
                ok := and(ok, staticcall(gas(), SHA256, add(input, 32), mload(input), target, 32))
                previous := mload(target)
            }
        }
        if (!ok) revert PrecompileFailed(SHA256);
    }

    /// @dev Reduces 64 bytes modulo p by MODEXP with exponent 1, maps the element to the curve and clears the cofactor;
    /// writes the point `offset` bytes into `pair`.
    function _mapToCurve(bytes32 high, bytes32 low, uint256[8] memory pair, uint256 offset) private view {
        bool ok;
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(input, 64)
            mstore(add(input, 0x20), 1)
            mstore(add(input, 0x40), 48)
            mstore(add(input, 0x60), high)
            mstore(add(input, 0x80), low)
            mstore8(add(input, 0xa0), 1)
            mstore(add(input, 0xa1), shl(128, P_HIGH))
            mstore(add(input, 0xb1), P_LOW)
            // The 48 bytes land behind 16 zero bytes: what the map precompile wants.
            ok := and(eq(returndatasize(), 48), staticcall(gas(), MODEXP, input, 0xd1, add(input, 0x10), 48))
            ok := and(ok, staticcall(gas(), MAP_TO_G1, input, 64, add(pair, offset), 128))
            ok := and(ok, eq(returndatasize(), 128))
        }
        if (!ok) revert PrecompileFailed(MAP_TO_G1);
    }

    /// @dev e(signature, -G2) * e(hashed, key) = 1. False for every malformed input.
    function _pairingHolds(bytes calldata signature, uint256[4] memory hashed, uint256[8] memory key)
        private
        view
        returns (bool holds)
    {
        if (signature.length != SIGNATURE_BYTES) return false;
        // SAFETY: the point at infinity is a valid input of the pairing and would "sign" every message for a key at infinity.
        bool isInfinite;
        assembly ("memory-safe") {
            let bits := 0
            for { let i := 0 } lt(i, 256) { i := add(i, 32) } { bits := or(bits, mload(add(key, i))) }
            isInfinite := iszero(bits)
        }
        if (isInfinite) return false;
        uint256[24] memory input;
        assembly ("memory-safe") {
            calldatacopy(input, signature.offset, 128)
            // The negated generator of G2 (draft-irtf-cfrg-pairing-friendly-curves-11, section 4.2.1).
            mstore(add(input, 0x80), 0x024aa2b2f08f0a91260805272dc51051)
            mstore(add(input, 0xa0), 0xc6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8)
            mstore(add(input, 0xc0), 0x13e02b6052719f607dacd3a088274f65)
            mstore(add(input, 0xe0), 0x596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e)
            mstore(add(input, 0x100), 0x0d1b3cc2c7027888be51d9ef691d77bc)
            mstore(add(input, 0x120), 0xb679afda66c73f17f9ee3837a55024f78c71363275a75d75d86bab79f74782aa)
            mstore(add(input, 0x140), 0x13fa4d4a0ad8b1ce186ed5061789213d)
            mstore(add(input, 0x160), 0x993923066dddaf1040bc3ff59f825c78df74f2d75467e25e0f55f8a00fa030ed)
            mcopy(add(input, 0x180), hashed, 0x80)
            mcopy(add(input, 0x200), key, 0x100)
            let done := staticcall(gas(), PAIRING, input, 0x300, 0, 0x20)
            // A chain without the precompile answers with nothing at all, which is no yes.
            holds := and(and(done, eq(returndatasize(), 0x20)), eq(mload(0), 1))
        }
    }
}
