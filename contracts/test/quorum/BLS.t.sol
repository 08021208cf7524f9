// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BLS } from "../../src/libraries/BLS.sol";
import { BlsSigner } from "../support/BlsSigner.sol";
import { Test } from "../support/Test.sol";

/// @dev The library behind external calls, so that calldata parameters and reverts can be tested.
contract BlsHarness {
    function hashToG1(bytes calldata message, bytes calldata dst) external view returns (uint256[4] memory) {
        return BLS.hashToG1(message, dst);
    }

    function verify(bytes32 digest, bytes calldata signature, bytes calldata key)
        external
        view
        returns (bool)
    {
        return BLS.verify(digest, signature, abi.decode(key, (uint256[8])));
    }

    function verifyPossession(bytes calldata key, bytes calldata proof, address owner)
        external
        view
        returns (bool)
    {
        return BLS.verifyPossession(key, proof, owner);
    }
}

contract BLSTest is Test {
    BlsHarness private bls = new BlsHarness();
    string private json = vm.readFile("shared/money/vectors/bls.json");

    function test_hashesToTheCurveByteForByteAsNobleDoes() public view {
        uint256 count = vm.parseJsonUint(json, ".hashCount");
        vm.assertGt(count, 10);
        for (uint256 i = 0; i < count; i++) {
            string memory item = string.concat(".hashes[", vm.toString(i), "]");
            bytes memory expected = vm.parseJsonBytes(json, string.concat(item, ".point"));
            uint256[4] memory point = bls.hashToG1(
                vm.parseJsonBytes(json, string.concat(item, ".message")),
                bytes(vm.parseJsonString(json, string.concat(item, ".dst")))
            );
            vm.assertEq(abi.encodePacked(point), expected);
        }
    }

    function test_acceptsSignaturesThatNobleMade() public view {
        uint256 count = vm.parseJsonUint(json, ".signatureCount");
        vm.assertGt(count, 3);
        for (uint256 i = 0; i < count; i++) {
            string memory item = string.concat(".signatures[", vm.toString(i), "]");
            bytes memory key = vm.parseJsonBytes(json, string.concat(item, ".key"));
            bytes32 digest = vm.parseJsonBytes32(json, string.concat(item, ".digest"));
            bytes memory signature_ = vm.parseJsonBytes(json, string.concat(item, ".signature"));
            address owner = vm.parseJsonAddress(json, string.concat(item, ".owner"));
            bytes memory proof = vm.parseJsonBytes(json, string.concat(item, ".possession"));
            vm.assertTrue(bls.verify(digest, signature_, key));
            vm.assertTrue(bls.verifyPossession(key, proof, owner));
            // Both makers of signatures agree, so the signer of these tests is one of noble's equals.
            uint256 secret = uint256(vm.parseJsonBytes32(json, string.concat(item, ".secretKey")));
            vm.assertEq(BlsSigner.sign(secret, digest), signature_);
            vm.assertEq(BlsSigner.provePossession(secret, owner), proof);
        }
    }

    /// @dev Loss if accepted: whoever flips bits could make any number of "different" valid quorum signatures.
    function testFuzz_refusesASignatureWithAnyBitFlipped(uint16 bit) public view {
        bytes memory key = BlsSigner.publicKey(7);
        bytes memory signature_ = BlsSigner.sign(7, bytes32("digest"));
        vm.assertTrue(bls.verify("digest", signature_, key));
        uint256 position = bound(bit, 0, 128 * 8 - 1);
        signature_[position / 8] ^= bytes1(uint8(1 << (position % 8)));
        vm.assertFalse(bls.verify("digest", signature_, key));
    }

    /// @dev Loss if accepted: a malleable signature, the negated point, would stand for the same quorum twice.
    function test_refusesTheNegatedSignatureAndOtherLengths() public view {
        bytes memory key = BlsSigner.publicKey(7);
        vm.assertFalse(bls.verify("digest", BlsSigner.sign(BlsSigner.R - 7, "digest"), key));
        bytes memory signature_ = BlsSigner.sign(7, "digest");
        vm.assertFalse(bls.verify("digest", abi.encodePacked(signature_, bytes1(0)), key));
        bytes memory short = new bytes(127);
        for (uint256 i = 0; i < 127; i++) {
            short[i] = signature_[i];
        }
        vm.assertFalse(bls.verify("digest", short, key));
        vm.assertFalse(bls.verify("digest", "", key));
    }

    /// @dev Loss if accepted: everything. Infinity "signs" every digest for the key at infinity.
    function test_refusesThePointAtInfinityAsKeyAndAsSignature() public view {
        vm.assertFalse(bls.verify("digest", new bytes(128), new bytes(256)));
        vm.assertFalse(bls.verify("digest", new bytes(128), BlsSigner.publicKey(7)));
        vm.assertFalse(bls.verifyPossession(new bytes(256), new bytes(128), address(this)));
    }

    /// @dev Loss if accepted: keys that differ by a point of small order would share signatures, so one operator could sit on
    /// many seats; and sums with them could be steered.
    function test_refusesAKeyOutsideTheSubgroup() public view {
        bytes memory outside = vm.parseJsonBytes(json, ".keyOutsideSubgroup");
        // It is on the curve: the ADD precompile takes it.
        (bool ok,) = address(0x0d).staticcall(abi.encodePacked(outside, outside));
        vm.assertTrue(ok);
        vm.assertFalse(
            bls.verifyPossession(outside, BlsSigner.provePossession(7, address(this)), address(this))
        );
        vm.assertFalse(bls.verify("digest", BlsSigner.sign(7, "digest"), outside));
    }

    /// @dev Loss if accepted: every seat of the set. The attacker registers (its key - the sum of all others) and then signs
    /// alone for everybody. It cannot prove possession, because nobody knows that key's secret.
    function test_refusesARogueKey() public view {
        uint256 honest = 1234;
        uint256 attacker = 77;
        // attacker's key minus the honest key: its secret is known to nobody who does not know both.
        bytes memory negatedHonest = BlsSigner.publicKey(BlsSigner.R - honest);
        (bool ok, bytes memory rogue) =
            address(0x0d).staticcall(abi.encodePacked(BlsSigner.publicKey(attacker), negatedHonest));
        vm.assertTrue(ok);
        // Without proofs of possession the attack works: one signature of the attacker passes for both.
        (, bytes memory sum) = address(0x0d).staticcall(abi.encodePacked(rogue, BlsSigner.publicKey(honest)));
        vm.assertTrue(bls.verify("digest", BlsSigner.sign(attacker, "digest"), sum));
        // With them it ends here: neither secret that the attacker holds proves the rogue key.
        vm.assertFalse(
            bls.verifyPossession(rogue, BlsSigner.provePossession(attacker, address(this)), address(this))
        );
        bytes memory message = abi.encodePacked(rogue, address(this));
        bytes memory forged =
            BlsSigner.signMessage(attacker, message, "BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_");
        vm.assertFalse(bls.verifyPossession(rogue, forged, address(this)));
    }

    /// @dev Loss if accepted: a copied proof would register the key of another for the copier, who blocks its owner.
    function test_refusesAProofOfPossessionForAnotherOwner() public {
        bytes memory key = BlsSigner.publicKey(7);
        bytes memory proof = BlsSigner.provePossession(7, address(this));
        vm.assertTrue(bls.verifyPossession(key, proof, address(this)));
        vm.assertFalse(bls.verifyPossession(key, proof, makeAddress("copier")));
    }

    /// @dev Loss if accepted: a signature over a batch whose digest looks like a key would register that key.
    function test_keepsSignaturesAndProofsOfPossessionApart() public view {
        bytes memory key = BlsSigner.publicKey(7);
        bytes memory message = abi.encodePacked(key, address(this));
        bytes memory asSignature =
            BlsSigner.signMessage(7, message, "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_");
        vm.assertFalse(bls.verifyPossession(key, asSignature, address(this)));
    }

    /// @dev Loss if it went on: the sum of keys would silently be that of other keys.
    function test_refusesToAddWhatIsNotOnTheCurve() public {
        vm.expectRevert(BLS.NotOnCurve.selector);
        this.addPointOffTheCurve();
    }

    function addPointOffTheCurve() external view {
        uint256[16] memory pair;
        pair[0] = 1;
        BLS.addKeys(pair);
    }
}
