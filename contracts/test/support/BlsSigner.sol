// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BLS } from "../../src/libraries/BLS.sol";

/// @notice Makes BLS keys and signatures inside tests, by the MSM precompiles, so that digests may depend on addresses.
/// @dev Secrets are small numbers: fine for a test, worthless as keys.
library BlsSigner {
    /// @dev Order of the groups.
    uint256 internal constant R = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;

    /// @notice secret * generator of G2, 256 bytes.
    function publicKey(uint256 secret) internal view returns (bytes memory key) {
        return multiplyG2(
            hex"00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb80000000000000000000000000000000013e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e000000000000000000000000000000000ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801000000000000000000000000000000000606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be",
            secret
        );
    }

    function multiplyG2(bytes memory point, uint256 scalar) internal view returns (bytes memory product) {
        bool ok;
        (ok, product) = address(0x0e).staticcall(abi.encodePacked(point, scalar));
        require(ok && product.length == 256, "G2MSM failed");
    }

    /// @notice Signature over a digest, 128 bytes. For an aggregate pass the sum of the secrets modulo R.
    function sign(uint256 secret, bytes32 digest) internal view returns (bytes memory) {
        return signMessage(secret, abi.encodePacked(digest), "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_");
    }

    /// @notice Proof that `secret` is held and meant for `owner`, 128 bytes.
    function provePossession(uint256 secret, address owner) internal view returns (bytes memory) {
        return signMessage(
            secret, abi.encodePacked(publicKey(secret), owner), "BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_"
        );
    }

    function signMessage(uint256 secret, bytes memory message, bytes memory dst)
        internal
        view
        returns (bytes memory result)
    {
        uint256[4] memory hashed = BLS.hashToG1(message, dst);
        bool ok;
        (ok, result) = address(0x0c).staticcall(abi.encodePacked(hashed, secret));
        require(ok && result.length == 128, "G1MSM failed");
    }

    /// @notice The 192 bytes that `Quorum.install` wants of a 256-byte key.
    function pack(bytes memory key) internal pure returns (bytes memory packed) {
        for (uint256 i = 0; i < 4; i++) {
            bytes memory field = new bytes(48);
            for (uint256 j = 0; j < 48; j++) {
                field[j] = key[64 * i + 16 + j];
            }
            packed = abi.encodePacked(packed, field);
        }
    }

    /// @notice Keys `1 + first ... count + first` with weight `weight` each, as `Quorum.install` wants them.
    function packedSet(uint256 count, uint256 first, uint16 weight)
        internal
        view
        returns (bytes memory keys, bytes memory weights)
    {
        keys = new bytes(192 * count);
        weights = new bytes(2 * count);
        for (uint256 i = 0; i < count; i++) {
            bytes memory key = publicKey(secretOf(first + i));
            weights[2 * i] = bytes2(weight)[0];
            weights[2 * i + 1] = bytes2(weight)[1];
            for (uint256 j = 0; j < 4; j++) {
                assembly ("memory-safe") {
                    mcopy(add(add(keys, 32), add(mul(i, 192), mul(j, 48))), add(add(key, 48), mul(j, 64)), 48)
                }
            }
        }
    }

    function secretOf(uint256 index) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("secret", index))) % (R - 1) + 1;
    }

    /// @notice Sum of the secrets of the seats `[first, first + count)` that `absentees` does not name.
    function aggregateSecret(uint256 count, uint256 first, uint256 absentees)
        internal
        pure
        returns (uint256 sum)
    {
        for (uint256 i = 0; i < count; i++) {
            if ((absentees >> i) & 1 == 0) sum = addmod(sum, secretOf(first + i), R);
        }
    }
}
